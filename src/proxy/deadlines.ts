// All deadlines of a worker on one timer: a wheel of slots, a hundred milliseconds each, each a ring of deadlines. Arming and disarming cost
// two pointer writes, whatever the number. Dangers prevented: a timer a connection (memory, and heap work on each byte); a deadline
// forgotten; our own sleep taken for the other side's silence, which on a machine that stands still for some seconds ends every connection at once. What must move with every byte is not armed anew: its owner notes the time and, when due, arms what is left.
const SLOT_MS = 100
const SLOTS = 1024

/** A deadline that may be armed many times. Made by `deadline`; `due` is on the wheel's clock. */
export interface Deadline {
  readonly act: () => void
  due: number
  before: Deadline
  after: Deadline
  armed: boolean
}

function ring(act: () => void): Deadline {
  const made: { act: () => void; due: number; armed: boolean; before?: Deadline; after?: Deadline } = { act, due: 0, armed: false }
  const self = made as Deadline
  self.before = self
  self.after = self
  return self
}

const slots: Deadline[] = Array.from({ length: SLOTS }, () => ring(() => {}))
let count = 0
let hand = 0
let timer: NodeJS.Timeout | undefined
let turning = false
let coarse = performance.now()

function slotOf(due: number): number {
  return Math.floor(due / SLOT_MS)
}

/** The wheel's clock as of its last turn: good to a slot as long as a deadline is armed, and free. For what is noted with every byte. */
export function coarseNow(): number {
  return coarse
}

export function deadline(act: () => void): Deadline {
  return ring(act)
}

function unlink(entry: Deadline): void {
  entry.before.after = entry.after
  entry.after.before = entry.before
  entry.before = entry
  entry.after = entry
}

/** Acts once, `ms` from now, never early and at most a slot late. Armed already: moved. */
export function arm(entry: Deadline, ms: number): void {
  const now = performance.now()
  coarse = now
  if (entry.armed) unlink(entry)
  else count++
  entry.armed = true
  entry.due = now + ms
  if (timer === undefined) {
    hand = slotOf(now)
    timer = setInterval(soon, SLOT_MS)
    timer.unref()
  }
  // the slot after the one in which it falls: when the hand passes, it is due
  const head = slots[Math.max(slotOf(entry.due) + 1, hand + 1) % SLOTS] as Deadline
  entry.before = head.before
  entry.after = head
  head.before.after = entry
  head.before = entry
}

export function disarm(entry: Deadline): void {
  if (!entry.armed) return
  entry.armed = false
  unlink(entry)
  count--
}

/** A timer runs before what came meanwhile is read, an immediate after it: what is here already is late for nobody. */
function soon(): void {
  if (turning) return
  turning = true
  setImmediate(turn)
}

function turn(): void {
  turning = false
  const now = performance.now()
  coarse = now
  const last = slotOf(now)
  // after a long stop of the process one round shows every slot
  if (last - hand > SLOTS) hand = last - SLOTS
  const due: Deadline[] = []
  while (hand < last) {
    hand++
    const head = slots[hand % SLOTS] as Deadline
    for (let entry = head.after; entry !== head; entry = entry.after) if (entry.due <= now) due.push(entry)
  }
  for (const entry of due) {
    // an earlier one of this turn may have disarmed or moved it
    if (!entry.armed || entry.due > now) continue
    disarm(entry)
    entry.act()
  }
  if (count === 0) {
    clearInterval(timer)
    timer = undefined
  }
}
