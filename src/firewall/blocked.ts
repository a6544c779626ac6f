// The block files as lines: clients that may not use a port, judged before the rules. An `ip` or `ip:port` a line; what one file says
// about one port becomes one line with all its clients.
import { single } from '../net/network.ts'
import type { Range } from '../net/network.ts'
import type { BlockEntry } from '../lists/blocks.ts'
import type { BlockSource, Policy } from '../policy/policy.ts'
import { chain, denialOf } from './endings.ts'
import { DENIAL_LOG, denialLog, logsDenials } from './logs.ts'
import type { Way } from './logs.ts'
import { BOTH, jump, line } from './ruleset.ts'
import type { Chain, Line } from './ruleset.ts'
import { safeId } from './rule-id.ts'
import { portTerm, serviceTerms } from './services.ts'
import type { Term } from './services.ts'
import { addressTerms, lines, product } from './terms.ts'

/** Entries by the port that they name; `undefined`: as the block's own services say. */
function byPort(entries: readonly BlockEntry[]): ReadonlyMap<number | undefined, readonly Range[]> {
  const found = new Map<number | undefined, Range[]>()
  for (const entry of entries) {
    const ranges = found.get(entry.port)
    if (ranges === undefined) found.set(entry.port, [single(entry.address)])
    else ranges.push(single(entry.address))
  }
  return found
}

function servicesOf(source: BlockSource, proxyPort: number): readonly Term[] {
  return source.services === undefined ? [{ families: BOTH, tests: {} }] : serviceTerms(source.services, proxyPort)
}

/** TCP and UDP alike, as far as the block's own services have the port. */
function portsOf(source: BlockSource, port: number, proxyPort: number): readonly Term[] {
  const { services } = source
  const has = (protocol: 'tcp' | 'udp'): boolean => services === undefined || services.any || services.parts.some((part) =>
    (part.protocol === 'proxy' ? protocol === 'tcp' && port === proxyPort : part.protocol === protocol && part.first <= port && port <= part.last))
  return (['tcp', 'udp'] as const).filter(has).map((protocol) => portTerm(protocol, [{ first: port, last: port }]))
}

/** From here on the clients are looked for once, and not again for each protocol. */
const MANY = 64

/** Empty where no file names anybody. */
export function blockChains(policy: Policy, blocks: ReadonlyMap<string, readonly BlockEntry[]>, proxyPort: number, way: Way): readonly Chain[] {
  const made: Line[] = []
  const inner: Chain[] = []
  for (const source of policy.blocks) {
    for (const [port, ranges] of byPort(blocks.get(source.name) ?? [])) {
      const services = port === undefined ? servicesOf(source, proxyPort) : portsOf(source, port, proxyPort)
      const comment = `blocks:${safeId(source.name)}`
      if (ranges.length <= MANY || services.length < 2) {
        made.push(...lines(product([addressTerms(ranges, 'sources'), services]), jump('BLOCKED'), comment))
        continue
      }
      const asked = chain(`BLOCKS${inner.length}`, lines(services, jump('BLOCKED'), comment))
      inner.push(asked)
      made.push(...addressTerms(ranges, 'sources').map(({ families, tests }) => line(tests, jump(asked.name), undefined, families)))
    }
  }
  if (made.length === 0) return []
  return [
    chain('BLOCKS', made),
    ...inner,
    chain('BLOCKED', [
      ...(logsDenials(policy) && policy.mode === 'enforce' ? [line({ limit: DENIAL_LOG }, jump(denialLog(policy, way, 'drop')))] : []),
      line({}, denialOf(policy, way, 'drop')),
    ]),
  ]
}
