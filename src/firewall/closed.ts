// Everything closed but for the admin: what `panic` loads, and what a machine loads whose confirmed rules do not load. Running flows are stopped too,
// in both ways; the admin's MACs still reach their ports, and get their answers. Danger prevented: a stop that locks out who must mend.
import type { Gateway } from '../policy/policy.ts'
import { chain } from './endings.ts'
import { adminLines } from './gateway.ts'
import { discoveryIn, discoveryOut } from './neighbours.ts'
import { ACCEPT, DROP, line } from './ruleset.ts'
import type { Line, Ruleset } from './ruleset.ts'
import { single } from '../net/network.ts'
import type { Ip } from '../net/ip.ts'
import { addressTerms, greenInterfaces } from './terms.ts'

/** One connection that is open now, named by both its ends: the caller's own. */
export interface KeptConnection {
  readonly client: Ip
  readonly clientPort: number
  readonly serverPort: number
}

function keptLines(kept: KeptConnection | undefined): readonly Line[] {
  if (kept === undefined) return []
  const l4 = { protocol: 'tcp' as const, ports: [{ first: kept.serverPort, last: kept.serverPort }], sourcePort: kept.clientPort }
  return addressTerms([single(kept.client)], 'sources').map(({ families, tests }) => line({ ...tests, l4 }, ACCEPT, 'kept', families))
}

/** `gateway`: whose admin is kept; undefined: nobody's is known. */
export function closedRuleset(gateway: Gateway | undefined, kept?: KeptConnection): Ruleset {
  const greens = gateway === undefined ? [] : greenInterfaces(gateway)
  return {
    mode: 'gateway', observe: false, generation: 255, meaning: 'closed', ipset: false, special: [], inactive: [], notes: [],
    chains: [
      {
        ...chain('INPUT', [
          line({ in: ['lo'] }, ACCEPT),
          ...(gateway === undefined ? [] : adminLines(gateway, greens.length === 0 ? undefined : greens)),
          ...keptLines(kept),
          ...discoveryIn([], []),
          line({}, DROP, 'closed'),
        ]),
        hook: 'input',
      },
      { ...chain('FORWARD', [line({}, DROP, 'closed')]), hook: 'forward' },
      {
        ...chain('OUTPUT', [
          line({ out: ['lo'] }, ACCEPT),
          // answers alone: to the admin, since nobody else's packets come in
          line({ state: 'established', direction: 'reply' }, ACCEPT, 'reply'),
          discoveryOut(),
          line({}, DROP, 'closed'),
        ]),
        hook: 'output',
      },
    ],
  }
}
