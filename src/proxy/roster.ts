// Who is under way: members that come and go with every request. Danger prevented: what a Set does to the collector here. A Set that loses
// members makes itself anew every few additions, and each old table points to its successor; once one old table has grown old, all after it
// and everything that was a member of them is kept until the next full collection (a quarter of all that a request allocates).
export interface Member {
  /** where it stands in its roster; -1: nowhere. The roster's alone to write. */
  place: number
}

export class Roster<T extends Member> {
  readonly #all: T[] = []

  get size(): number {
    return this.#all.length
  }

  has(member: T): boolean {
    return member.place >= 0
  }

  add(member: T): void {
    if (member.place < 0) member.place = this.#all.push(member) - 1
  }

  /** The last takes its place. */
  delete(member: T): void {
    const { place } = member
    if (place < 0) return
    member.place = -1
    const last = this.#all.pop()
    if (last === undefined || last === member) return
    last.place = place
    this.#all[place] = last
  }

  /** Those of this moment: who leaves or joins meanwhile changes nothing of it. */
  all(): T[] {
    return this.#all.slice()
  }
}
