// The name of a network card. Danger prevented: `eth+` or `*`, which the packet filter reads as every card, the Internet's too.
import type { Report } from './report.ts'
import type { Path } from './source.ts'

const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/

export function isInterface(value: unknown): value is string {
  return typeof value === 'string' && value !== 'lo' && PLAIN.test(value)
}

export function readInterface(report: Report, path: Path): string {
  const at = [...path, 'interface']
  const name = report.source.text(at)
  if (name === 'lo') report.error('interface', at, '`lo` is the loopback interface, which is neither green nor red', 'name the card: `ip link` lists them')
  else if (!PLAIN.test(name)) report.error('interface', at, `\`${name}\` is no name of an interface`, 'at most 15 letters, digits, `.`, `_`, `@` and `-`: one entry an interface, no wild cards')
  return name
}
