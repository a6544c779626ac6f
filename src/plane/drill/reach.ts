// Whether a packet that the rules let pass could leave this machine at all. Danger prevented: "no hole" on a gateway that has no way out, where nothing
// gets out whatever the rules say, and an apply that is confirmed by it.
import { forwarding } from '../../kernel/forwarding.ts'
import { runTool } from '../../kernel/tool.ts'
import type { Runner } from '../../kernel/tool.ts'
import type { Family, Ip } from '../../net/ip.ts'

interface Route {
  readonly dev?: unknown
  readonly gateway?: unknown
}

async function json(run: Runner, words: readonly string[]): Promise<readonly unknown[]> {
  const { code, out } = await run('ip', ['-j', ...words])
  try {
    const parsed: unknown = code === 0 ? JSON.parse(out) : []
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}

async function routeTo(run: Runner, to: Ip): Promise<Route | undefined> {
  const [route] = await json(run, ['route', 'get', to.text])
  return typeof route === 'object' && route !== null ? route : undefined
}

/** Why nothing of this family can get out by one of these interfaces; undefined: it can. `to`: where attempts go. */
export async function noWayOut(family: Family, to: Ip | undefined, reds: readonly string[], run: Runner = runTool): Promise<string | undefined> {
  const on = forwarding()
  if (!(family === 4 ? on.ipv4 : on.ipv6)) return `forwarding of IPv${family} is off`
  const route = to === undefined ? undefined : await routeTo(run, to)
  return typeof route?.dev === 'string' && reds.includes(route.dev) ? undefined : `no route of IPv${family} leads to the drill's networks through ${reds.join(', ')}`
}

/** Where something was passed on and waits for a router that does not answer: it would be gone otherwise, and is not seen. */
export async function stuckAt(to: Ip | undefined, run: Runner = runTool): Promise<string | undefined> {
  const route = to === undefined ? undefined : await routeTo(run, to)
  if (typeof route?.gateway !== 'string' || typeof route.dev !== 'string') return undefined
  const [entry] = await json(run, ['neigh', 'show', 'to', route.gateway, 'dev', route.dev])
  const states: unknown = typeof entry === 'object' && entry !== null && 'state' in entry ? entry.state : []
  return Array.isArray(states) && states.some((state) => state === 'FAILED' || state === 'INCOMPLETE') ? `${route.gateway} on ${route.dev} does not answer, and packets were passed on to it` : undefined
}
