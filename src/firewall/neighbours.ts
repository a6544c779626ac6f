// Neighbour discovery (RFC 4861): conntrack calls it untracked, so no rule about state lets it by, and without it IPv6 is deaf.
// Danger prevented: a router advertisement from green that makes a guest's laptop the way out; a forged one from off the link.
import type { Line } from './ruleset.ts'
import { ACCEPT, DROP, line } from './ruleset.ts'

const ROUTER_SOLICITATION = 133
const ROUTER_ADVERTISEMENT = 134
const NEIGHBOUR = [135, 136]
const REDIRECT = 137
/** what a host sends: the above, and its multicast memberships (RFC 2710, 3810) */
const SENT = [131, 132, ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, ...NEIGHBOUR, 143]
/** RFC 4861 7.1: no router has passed it on */
const ON_LINK = 255

function accepted(types: readonly number[], on: readonly string[] | undefined): Line {
  return line({ ...(on === undefined ? {} : { in: on }), l4: { protocol: 'icmp', types }, hopLimit: ON_LINK }, ACCEPT, 'ndp', [6])
}

/** `solicited`: interfaces whose hosts may ask for a router; `advertised`: those whose routers we listen to; undefined: any. */
export function discoveryIn(solicited: readonly string[] | undefined, advertised: readonly string[] | undefined): readonly Line[] {
  return [
    accepted(NEIGHBOUR, undefined),
    ...(solicited !== undefined && solicited.length > 0 ? [accepted([ROUTER_SOLICITATION], solicited)] : []),
    ...(advertised === undefined || advertised.length > 0 ? [accepted([ROUTER_ADVERTISEMENT], advertised)] : []),
    // no rule of the policy opens these: they change where our own packets go
    line({ l4: { protocol: 'icmp', types: [ROUTER_ADVERTISEMENT, REDIRECT] } }, DROP, 'ndp-refused', [6]),
  ]
}

export function discoveryOut(): Line {
  return line({ l4: { protocol: 'icmp', types: SENT } }, ACCEPT, 'ndp', [6])
}
