// The files that a configuration names, as they are handed in: where they stand, and their text. Danger prevented: a list of millions of names that is read here to be written again, when it
// can be named where it stands; and a file that is missing taken for an empty one.

export interface Shelved {
  /** as it is told to a person */
  readonly name: string
  /** where it is, whatever folder is the current one */
  readonly path: string
  /** undefined: it is too large to be looked into, and stands where it is */
  readonly text: string | undefined
}

export interface Shelf {
  /** by the path that the configuration has for it; undefined: it is not there, or is no text */
  open(path: string): Shelved | undefined
  /** of a folder the paths of its files */
  list(path: string): readonly string[]
}
