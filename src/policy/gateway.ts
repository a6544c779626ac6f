// The gateway itself: its interfaces, its own addresses, who is never locked out, what it serves. Danger prevented: an address
// without its network, from which every group would be computed wrong, and an admin whose MAC is one digit off.
import { parseHostName } from '../net/hostname.ts'
import { isNobodysMac, parseMac, type Mac } from '../net/mac.ts'
import { parseIp } from '../net/ip.ts'
import { type Addresses, entries } from './address.ts'
import { readGreen } from './green.ts'
import { readInterface } from './interface.ts'
import type { Gateway, ServiceSet } from './policy.ts'
import { readLineRate } from './rate.ts'
import { readDefaultReject } from './reject.ts'
import type { Report } from './report.ts'
import type { Draft, Words } from './schema.ts'
import { readTransparent } from './transparent.ts'
import { type Services, withPortInUse } from './service-set.ts'
import { service } from './services.ts'
import type { Path } from './source.ts'

type GatewayDraft = NonNullable<Draft['gateway']>

export const DEFAULT_PROXY_PORT = 800
const DEFAULT_ADMIN_PORTS = [445, 222]
const DEFAULT_SERVE = ['dns', 'dhcp', 'ping']

function readMacs(report: Report, addresses: Addresses, words: Words): Mac[] {
  return entries(report, words, ['gateway', 'admin', 'mac']).flatMap(({ text, at }) => {
    const mac = parseMac(text)
    if (mac !== undefined && isNobodysMac(mac)) {
      report.error('mac', at, `\`${text}\` is no card's own address, so nobody would be the admin`, "write the MAC of the admin's card: `ip link` shows it")
      return []
    }
    if (mac !== undefined) return [mac]
    const set = addresses.names.has(text) ? addresses.names.use(text, at) : undefined
    if (set !== undefined && set.macs.length > 0) return set.macs
    report.error('mac', at, `\`${text}\` is no MAC address`, 'six groups of two hexadecimal digits: "00:1a:2b:3c:4d:5e"')
    return []
  })
}

function readResolver(report: Report, text: string, at: Path): { address: string; port: number }[] {
  const bare = parseIp(text)
  if (bare !== undefined) return [{ address: bare.text, port: 53 }]
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  const ip = parseIp(match?.[1] ?? match?.[2] ?? '')
  const port = Number(match?.[3] ?? 53)
  if (ip !== undefined && port >= 1 && port <= 65535 && (match?.[1] === undefined || ip.family === 6)) return [{ address: ip.text, port }]
  report.error('resolver', at, `\`${text}\` is no resolver`, 'write an address, "192.0.2.53:53", or "[2001:db8::53]:53"')
  return []
}

function defaultServe(): ServiceSet {
  return { any: false, parts: DEFAULT_SERVE.flatMap((name) => service(name) ?? []), text: DEFAULT_SERVE }
}

function readUser(report: Report, user: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}\$?$/.test(user)) report.error('user', ['gateway', 'proxy', 'user'], `\`${user}\` is no user of a system`, 'write the name of an account, such as `greengate`')
  return user
}

export function readGateway(report: Report, draft: GatewayDraft, known: { addresses: Addresses; services: Services; timezone: string }): Gateway {
  const { source } = report
  const green = readGreen(report, draft.green)
  const reds = (Array.isArray(draft.red) ? draft.red : [draft.red]).map((red, index) => ({ red, path: Array.isArray(draft.red) ? ['gateway', 'red', index] : ['gateway', 'red'] }))
  const red = reds.flatMap(({ red, path }) => {
    if (red === undefined || red === null) return []
    const name = readInterface(report, path)
    if (green.some((network) => network.interface === name)) report.error('interface', [...path, 'interface'], `\`${name}\` is green and red at once`, 'the two sides need an interface each')
    const rate = readLineRate(report, path, red)
    return [{ interface: name, masquerade: red.masquerade ?? true, private: red.private ?? false, ...(rate === undefined ? {} : { rate }) }]
  })
  const adminPorts = draft.admin?.ports ?? DEFAULT_ADMIN_PORTS
  const admin = draft.admin === undefined ? undefined : {
    macs: [...new Set(readMacs(report, known.addresses, draft.admin.mac))],
    ports: (Array.isArray(adminPorts) ? adminPorts : [adminPorts]).filter((port) => port !== null),
  }
  const port = draft.proxy?.port ?? DEFAULT_PROXY_PORT
  const transparent = readTransparent(report, draft.proxy?.transparent, { green: draft.green !== undefined, port, adminPorts: admin?.ports ?? [] })
  const fallback = draft.default?.action ?? 'drop'
  const rejectWith = readDefaultReject(report, draft.default?.['reject-with'], fallback)
  const user = draft.proxy?.user === undefined ? undefined : readUser(report, source.text(['gateway', 'proxy', 'user']))
  return {
    green, red, admin,
    proxy: { port, ...(user === undefined ? {} : { user }), ...(transparent ? { transparent: true } : {}) },
    serve: draft.serve === undefined ? defaultServe() : withPortInUse(known.services.set(draft.serve, ['gateway', 'serve']) ?? defaultServe(), port),
    output: draft.output?.action ?? 'allow',
    default: { action: fallback, ...(rejectWith === undefined ? {} : { rejectWith }), log: draft.default?.log ?? true },
    resolvers: draft.resolvers === undefined ? [] : entries(report, draft.resolvers, ['gateway', 'resolvers']).flatMap(({ text, at }) => readResolver(report, text, at)),
    names: draft.names === undefined ? [] : entries(report, draft.names, ['gateway', 'names']).flatMap(({ text, at }) => {
      const name = parseHostName(text)
      if (name === undefined) report.error('host', at, `\`${text}\` is no host name`, 'write one name, without scheme, port or star: `proxy.office.example`')
      return name === undefined ? [] : [name]
    }),
    timezone: known.timezone,
  }
}
