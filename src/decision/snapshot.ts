// A compiled policy with its generation and hash. An exchange keeps the one it began with, so that no request is answered by half
// of one policy and half of the next.
import type { CompiledPolicy } from './compile.ts'

export interface Snapshot {
  readonly compiled: CompiledPolicy
  /** counts the policies that were put in force, from 1 */
  readonly generation: number
  /** of the policy's text and lists, hexadecimal */
  readonly hash: string
}
