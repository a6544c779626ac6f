// Random policies of packet rules: small pools, so that rules meet; every kind of source, target, service and action.
const SOURCES = ['192.168.51.0/27', '192.168.51.32/27', '192.168.51.40-192.168.51.50', '192.168.51.77', '192.168.51.128/25', 'green', 'any', 'Desk', 'Cards', 'Mixed', '02:51:00:00:00:d1', 'fd00:51::/120', 'fd00:51::5', 'Six']
const TARGETS = ['internet', 'internet', 'any', 'gateway', 'green', '203.0.113.0/24', '203.0.113.64-203.0.113.70', '198.51.100.7', '192.168.51.9', '2001:db8:1::/48', '2001:db8:1::9', '10.1.0.0/16', 'Partner']
const SERVICES = ['tcp/25', 'tcp/25-30', 'tcp/1000-1999', 'udp/5000-5010', 'udp/123', 'smtp', 'imap', 'dns', 'ping', 'icmp', 'gre', 'esp', 'ip/200', 'proxy', 'any', 'Many', 'icmp/timestamp-request', 'tcp/443', 'udp/443']
const ANSWERS = ['icmp-port-unreachable', 'icmp-net-unreachable', 'icmp-host-unreachable', 'icmp-admin-prohibited', 'icmp-net-prohibited', 'tcp-reset']

export type Random = () => number

export function pick<T>(random: Random, of: readonly T[]): T {
  const value = of[Math.floor(random() * of.length)]
  if (value === undefined) throw new Error('nothing to pick from')
  return value
}

function some<T>(random: Random, of: readonly T[], most: number): readonly T[] {
  return [...new Set(Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(random, of)))]
}

function rule(random: Random, index: number): Readonly<Record<string, unknown>> {
  const own = random() < 0.12
  const services = some(random, SERVICES, 2)
  const action = pick(random, ['allow', 'allow', 'allow', 'deny', 'drop', 'reject', 'limit'])
  const answers = action === 'reject' && random() < 0.5 && !services.includes('proxy')
  const from = own ? ['gateway'] : some(random, SOURCES, 2)
  return {
    name: `r${index}`, action, from, to: some(random, own ? TARGETS.filter((each) => each !== 'gateway') : TARGETS, 2), services,
    ...(answers ? { 'reject-with': pick(random, ANSWERS.filter((each) => each !== 'tcp-reset')) } : {}),
    ...(action === 'limit' ? (random() < 0.5 ? { rate: '50kB/s' } : { priority: 'low' }) : {}),
    ...(random() < 0.15 ? { enabled: false } : {}), ...(random() < 0.1 ? { mode: 'observe' } : {}), ...(random() < 0.15 ? { log: true } : {}),
    ...(!own && from.includes('Mixed') && random() < 0.5 ? { pin: true } : {}),
    direct: true,
  }
}

/** The policy's text. */
export function randomPolicy(random: Random): string {
  const transparent = random() < 0.25
  const fallback = random() < 0.7 ? { action: 'drop', log: random() < 0.5 } : { action: 'reject', log: false, ...(random() < 0.5 ? { 'reject-with': pick(random, ANSWERS) } : {}) }
  const yaml = {
    version: 1,
    ...(random() < 0.08 ? { mode: 'observe' } : {}),
    gateway: {
      green: { interface: 'green0', address: ['192.168.51.254/24', 'fd00:51::254/64'] },
      red: { interface: 'red0', private: random() < 0.2 },
      admin: { mac: ['02:51:00:00:00:ad', '02:51:00:00:00:ae'], ports: [445, 222] },
      serve: some(random, ['dns', 'dhcp', 'ping', 'tcp/631'], 3),
      proxy: { port: 800, ...(random() < 0.4 ? { user: '13' } : {}), ...(transparent ? { transparent } : {}) },
      output: { action: random() < 0.7 ? 'allow' : 'drop' },
      default: fallback,
      resolvers: ['9.9.9.9'],
      timezone: 'UTC',
    },
    addresses: {
      Desk: ['192.168.51.0/28', '192.168.51.60'], Cards: ['02:51:00:00:00:d1', '02:51:00:00:00:d2'], Mixed: ['192.168.51.90-192.168.51.99', '02:51:00:00:00:d3'],
      Six: ['fd00:51::10-fd00:51::1f'], Partner: ['203.0.113.128/25', '2001:db8:2::/64'],
    },
    services: { Many: ['tcp/2000', 'tcp/2002', 'tcp/2004-2010', 'udp/2000'] },
    rules: [
      ...Array.from({ length: 2 + Math.floor(random() * 9) }, (_, index) => rule(random, index)),
      // what is caught is whose who may use the proxy
      ...(transparent ? [{ name: 'web', action: pick(random, ['allow', 'allow', 'limit', 'reject']), from: some(random, SOURCES, 2), to: ['gateway'], services: ['proxy'] }].map((made) => (made.action === 'limit' ? { ...made, rate: '50kB/s' } : made)) : []),
    ],
  }
  // JSON is YAML
  return Object.entries(yaml).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join('')
}
