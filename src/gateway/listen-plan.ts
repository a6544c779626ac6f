// Where the proxy listens, and what it says when it may not. The main thread tries each address alone before the workers share it, because
// `reusePort` would let a second gateway of the same user join the port unseen. Danger prevented: two policies that answer on one port by turns.
import { ipFromValue } from '../net/ip.ts'
import type { Policy } from '../policy/policy.ts'
import type { Listen } from './messages.ts'
import { tryListen } from './try-listen.ts'

export interface PlannedHost {
  readonly host: string
  /** why it is on the list: told when it fails; loopback may lack (a machine without IPv6) */
  readonly why: 'asked' | 'green' | 'loopback'
}

/** `::` alone takes IPv4 too, as it does for other servers; each family has its own socket, so that no client appears under a mapped address. */
const EVERY: readonly PlannedHost[] = [{ host: '::', why: 'asked' }, { host: '0.0.0.0', why: 'loopback' }]
const LOOPBACK: readonly PlannedHost[] = [{ host: '127.0.0.1', why: 'loopback' }, { host: '::1', why: 'loopback' }]

/** `--host` where it was given, else the green addresses of the policy and loopback. */
export function plannedHosts(policy: Policy, asked: readonly string[]): PlannedHost[] {
  const hosts: PlannedHost[] = asked.length > 0
    ? asked.flatMap((host) => (host === 'localhost' ? LOOPBACK : host === '::' ? EVERY : [{ host, why: 'asked' as const }]))
    : [...policy.gateway.green.map((green) => ({ host: ipFromValue(green.family, green.address).text, why: 'green' as const })), ...LOOPBACK]
  return hosts.filter(({ host }, at) => hosts.findIndex((each) => each.host === host) === at)
}

export interface BindProblem {
  readonly message: string
  readonly hint: string | undefined
}

export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function bindProblem(code: string | undefined, planned: PlannedHost, port: number): BindProblem {
  const where = hostPort(planned.host, port)
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      message: `not allowed to listen on ${where}: this user may not open a port below 1024`,
      hint: [
        'three ways out:',
        `  1. let systemd open the port: a socket unit with \`ListenStream=${where}\` (LISTEN_FDS)`,
        `  2. give the capability: \`AmbientCapabilities=CAP_NET_BIND_SERVICE\` in the unit, or \`sudo setcap cap_net_bind_service=+ep ${process.execPath}\``,
        `  3. lower the kernel's bound: \`sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}\``,
        '  or take a port that everybody may open: `--port 8080`',
      ].join('\n  '),
    }
  }
  if (code === 'EADDRINUSE') {
    return { message: `${where} is in use by another program`, hint: `\`ss -ltnp 'sport = :${port}'\` tells which; end it, or choose another port: \`--port N\`` }
  }
  if (code === 'EADDRNOTAVAIL') {
    return {
      message: `${where} is no address of this machine${planned.why === 'green' ? ', though the policy names it under gateway.green' : ''}`,
      hint: planned.why === 'green' ? 'give the interface its address, or choose where to listen: `--host ADDR`' : '`ip address` tells the addresses of this machine',
    }
  }
  return { message: `cannot listen on ${where}: ${code ?? 'unknown error'}`, hint: undefined }
}

export type ListenPlan =
  | { readonly ok: true; readonly port: number; readonly listens: readonly Listen[] }
  | { readonly ok: false; readonly problem: BindProblem }

/** Port 0: one that is free, the same on every address. */
export async function planListens(hosts: readonly PlannedHost[], port: number): Promise<ListenPlan> {
  const listens: Listen[] = []
  let used = port
  for (const planned of hosts) {
    const tried = await tryListen(planned.host, used)
    if (tried.ok) {
      used = tried.port
      listens.push({ kind: 'address', host: planned.host, port: used })
      continue
    }
    const absent = tried.code === 'EADDRNOTAVAIL' || tried.code === 'EAFNOSUPPORT'
    if (absent && planned.why === 'loopback') continue
    return { ok: false, problem: bindProblem(tried.code, planned, used) }
  }
  if (listens.length === 0) return { ok: false, problem: { message: 'there is no address to listen on', hint: 'choose one: `--host ADDR`' } }
  return { ok: true, port: used, listens }
}
