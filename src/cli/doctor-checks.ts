// What `greengate doctor` looks at, each a function that tells one line. Danger prevented: a check that changes something, or that asks the internet: it binds, reads and asks the policy's resolvers.
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findGateway } from '../gateway/plane-proxy.ts'
import type { Found } from '../gateway/plane-proxy.ts'
import { bindProblem, hostPort, plannedHosts } from '../gateway/listen-plan.ts'
import { tryListen } from '../gateway/try-listen.ts'
import { forwarding } from '../kernel/forwarding.ts'
import { bindRight, hasIpv6Route } from '../kernel/rights.ts'
import { fitness, toolText } from '../kernel/tools.ts'
import { runTool } from '../kernel/tool.ts'
import { parseHostName } from '../net/hostname.ts'
import { readOwn } from '../plane/own-kernel.ts'
import { isNothing, storesText } from '../plane/own-rules.ts'
import type { Policy } from '../policy/policy.ts'
import { descriptorCapacity } from '../proxy/descriptors.ts'
import { machineHasIpv6 } from '../proxy/families.ts'
import { Resolver } from '../proxy/resolve.ts'

export interface Check {
  readonly check: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly told: string
  /** what to do about it */
  readonly mend?: string
}

type Told = Omit<Check, 'check'>

const ok = (told: string): Told => ({ level: 'ok', told })
const warn = (told: string, mend: string): Told => ({ level: 'warn', told, mend })
const fail = (told: string, mend: string): Told => ({ level: 'fail', told, mend })

async function port(policy: Policy, found: Found): Promise<Told> {
  if (found.kind === 'same') return ok(`the gateway serves this policy on port ${found.gateway.status.port}, pid ${found.gateway.status.pid}`)
  const wanted = policy.gateway.proxy.port
  for (const planned of plannedHosts(policy, [])) {
    const tried = await tryListen(planned.host, wanted)
    if (tried.ok || (planned.why === 'loopback' && tried.code === 'EADDRNOTAVAIL')) continue
    const { message, hint } = bindProblem(tried.code, planned, wanted)
    return fail(message, hint ?? 'choose another: `--port N`')
  }
  return ok(`${plannedHosts(policy, []).map(({ host }) => hostPort(host, wanted)).join(', ')}: free, no gateway runs`)
}

function capability(policy: Policy): Told {
  const { free, capable } = bindRight()
  const wanted = policy.gateway.proxy.port
  if (process.getuid?.() === 0) return warn('this is root: a gateway needs no right of root but the port', 'run it as a user of its own: a systemd unit with `User=greengate` and `AmbientCapabilities=CAP_NET_BIND_SERVICE`')
  if (wanted >= free) return ok(`port ${wanted} needs no right (they begin below ${free})`)
  return capable ? ok(`CAP_NET_BIND_SERVICE: port ${wanted} is allowed`) : fail(`port ${wanted} needs a right, and this process has none`, `\`AmbientCapabilities=CAP_NET_BIND_SERVICE\` in the unit, or \`sudo sysctl net.ipv4.ip_unprivileged_port_start=${wanted}\``)
}

/** A name that cannot exist (RFC 6761 6.4): any answer shows a resolver that lives. */
async function resolver(policy: Policy): Promise<Told> {
  const { resolvers } = policy.gateway
  const who = resolvers.length === 0 ? 'the system\'s resolvers' : resolvers.map(({ address, port: at }) => hostPort(address, at)).join(', ')
  const name = parseHostName('greengate-doctor.invalid')
  if (name === undefined) return ok(who)
  const asking = new Resolver({ servers: resolvers, timeoutMs: policy.limits.dnsMs })
  try {
    const answer = await asking.resolve(name)
    const mend = resolvers.length === 0 ? 'mend /etc/resolv.conf, or name resolvers in `gateway.resolvers`' : 'mend `gateway.resolvers`'
    if (answer.ok) return warn(`${who} answer for a name that cannot exist: somebody makes answers up`, 'ask a resolver that does not')
    return answer.detail === 'NXDOMAIN' || answer.detail === 'NODATA' ? ok(`${who} answer in ${Math.round(answer.ms)} ms`) : fail(`${who}: ${answer.detail}`, mend)
  } finally {
    asking.close()
  }
}

const SYNCHRONIZED = ['/run/systemd/timesync/synchronized', '/run/chrony/chronyd.pid', '/run/ntpd.pid', '/run/openntpd.pid']

function clock(policy: Policy): Told {
  const built = statSync(fileURLToPath(import.meta.url)).mtimeMs
  const now = new Date()
  const time = `${now.toISOString()}, schedules in ${policy.gateway.timezone}`
  if (now.getTime() < built - 86_400_000) return fail(`${time}: that is before this program was installed`, 'set the clock: schedules, `expires` and certificates go by it')
  return SYNCHRONIZED.some((file) => existsSync(file)) ? ok(time) : warn(`${time}; nothing shows that it is kept right`, 'let systemd-timesyncd or chrony keep it')
}

async function backEnds(policy: Policy): Promise<Told> {
  const [nft, iptables] = await Promise.all([fitness('nft'), fitness('iptables')])
  const tools = [...nft.tools, ...iptables.tools].map(toolText).join(', ')
  if (nft.problem === undefined || iptables.problem === undefined) return ok(`${tools}; kernel ${nft.kernel}`)
  const told = `${tools}: the rules cannot be applied here`
  return policy.gateway.green.length === 0 ? warn(told, 'a proxy for this machine alone needs none; else `apt-get install nftables`') : fail(told, '`apt-get install nftables`')
}

async function ipv6(policy: Policy): Promise<Told> {
  const leads = machineHasIpv6() && hasIpv6Route()
  if (!leads) return ok('no way out by IPv6 here')
  if (policy.gateway.green.length === 0) return warn('IPv6 leads out, and this policy has no green: programs of this machine may go round the proxy', '`greengate firewall --mode client` prints the rules for one machine')
  const rules = process.getuid?.() === 0 ? await readOwn(runTool).catch(() => undefined) : undefined
  if (rules !== undefined && !isNothing(rules)) return ok(`IPv6 leads out, and the rules stand before it (${storesText(rules)})`)
  const passes = forwarding().ipv6
  const green = policy.gateway.green.some(({ family }) => family === 6)
  const mend = '`greengate firewall apply` closes both families'
  if (passes) return fail(`IPv6 is forwarded${rules === undefined ? ', and only root can see whether rules stand before it' : ' and no rules of ours stand before it'}: clients go round the proxy`, mend)
  return green ? ok('IPv6 leads out for this machine, and is not forwarded') : warn('IPv6 leads out for this machine; it is not forwarded, and green has no IPv6', 'another router of the LAN may announce it: look there')
}

const VARIABLES = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']

function variables(policy: Policy, found: Found, env: NodeJS.ProcessEnv): Told {
  const served = found.kind === 'same' ? found.gateway.status.port : policy.gateway.proxy.port
  const set = VARIABLES.flatMap((name) => (env[name] === undefined || env[name] === '' ? [] : [[name, env[name]] as const]))
  const mend = '`eval "$(greengate env)"` sets all of them'
  if (set.length === 0) return warn('no proxy variable is set in this shell', mend)
  const direct = env['no_proxy'] ?? env['NO_PROXY'] ?? ''
  if (direct.split(',').some((each) => each.trim() === '*')) return warn('no_proxy is `*`: nothing uses the proxy', mend)
  const elsewhere = set.filter(([, value]) => Number(URL.parse(/:\/\//.test(value) ? value : `http://${value}`)?.port || 80) !== served)
  // the value may hold a password: its name says enough
  if (elsewhere.length > 0) return warn(`${elsewhere.map(([name]) => name).join(', ')}: not this gateway's port ${served}`, mend)
  const lacks = ['http_proxy', 'https_proxy'].filter((name) => env[name] === undefined && env[name.toUpperCase()] === undefined)
  return lacks.length > 0 ? warn(`${lacks.join(', ')} not set: such requests go another way`, mend) : ok(set.map(([name]) => name).join(', '))
}

function descriptors(policy: Policy): Told {
  const { connections } = descriptorCapacity()
  const wanted = policy.limits.connections
  return connections >= wanted ? ok(`enough for limits.connections, ${wanted}`) : warn(`open files bound the gateway to ${connections} connections, below limits.connections, ${wanted}`, '`LimitNOFILE=65536` in the unit, or `ulimit -n 65536`')
}

export async function allChecks(policy: Policy, pidFile: string | undefined, env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const found = await findGateway(policy.file, pidFile)
  const checks: readonly (readonly [string, () => Told | Promise<Told>])[] = [
    ['port', () => port(policy, found)], ['capability', () => capability(policy)], ['descriptors', () => descriptors(policy)], ['resolver', () => resolver(policy)], ['clock', () => clock(policy)],
    ['back ends', () => backEnds(policy)], ['IPv6', () => ipv6(policy)], ['variables', () => variables(policy, found, env)],
  ]
  return Promise.all(checks.map(async ([check, look]): Promise<Check> => {
    try {
      return { check, ...(await look()) }
    } catch (error) {
      return { check, ...fail(`it could not be looked at: ${error instanceof Error ? error.message : String(error)}`, 'report this') }
    }
  }))
}
