// What to say to a name that no rule has. Danger prevented: a typing error that ends in "not found" and nothing more.
import { nearest } from '../policy/nearest.ts'

export function hint(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? '`greengate rules` tells their names; one without a name is `rules[0]` or `web.rules[0]`' : `did you mean \`${near}\`?`
}
