// The BlockOutTraffic article's own verification, with real packets through the printed rules: who reaches the proxy, the mail, the
// admin's ports, and that nobody of Green reaches the web directly; the drop counted, and logged as GREEN DROP with its port.
import t from 'tap'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { BACKENDS } from './backends.ts'
import { readCase } from './cases.ts'
import { readNflog } from './nflog.ts'
import { run, unable } from './root.ts'
import { Stage, office } from './stage.ts'
import type { Probe } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'tcpdump'])

const HOSTS = [
  { name: 'h35', addresses: ['192.168.51.35/24', 'fd00:51::35/64'] },
  { name: 'h25', addresses: ['192.168.51.25/24', 'fd00:51::25/64'] },
  { name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] },
  { name: 'h100', addresses: ['192.168.51.100/24', 'fd00:51::100/64'] },
  { name: 'adm', addresses: ['192.168.51.200/24', 'fd00:51::200/64'], mac: '02:51:00:00:00:ad' },
]
const GATEWAY = '192.168.51.254'
const GATEWAY6 = 'fd00:51::254'
const RED = '203.0.113.25'
const RED6 = '2001:db8:113::25'
const TCP = [22, 25, 53, 80, 110, 143, 222, 443, 445, 800, 853, 993, 8080]
const UDP = [53, 443, 853, 5000]

type Row = readonly [who: string, protocol: 'tcp' | 'udp', host: string, port: number, result: 'gateway' | 'red' | 'silence' | 'refused']

const ROWS: readonly Row[] = [
  ['h35', 'tcp', GATEWAY, 800, 'gateway'],
  ['h35', 'tcp', GATEWAY6, 800, 'gateway'],
  ['h25', 'tcp', GATEWAY6, 800, 'silence'],
  ['h25', 'tcp', GATEWAY, 800, 'silence'],
  ['h5', 'tcp', GATEWAY, 800, 'silence'],
  ['h100', 'tcp', GATEWAY, 800, 'silence'],
  ['h35', 'tcp', RED, 800, 'silence'],
  ['h5', 'tcp', RED, 110, 'red'],
  ['h5', 'tcp', RED, 25, 'red'],
  ['h25', 'tcp', RED, 25, 'red'],
  ['h25', 'tcp', RED, 110, 'red'],
  ['h35', 'tcp', RED, 25, 'silence'],
  ['h35', 'tcp', RED, 110, 'silence'],
  ['h100', 'tcp', RED, 25, 'silence'],
  ['adm', 'tcp', RED, 25, 'silence'],
  ...['h5', 'h25'].flatMap((who): Row[] => [22, 80, 143, 443, 445, 993, 8080].map((port) => [who, 'tcp', RED, port, 'silence'])),
  ...['h35', 'h25', 'h5', 'h100', 'adm'].flatMap((who): Row[] => [
    [who, 'tcp', RED, 80, 'silence'], [who, 'tcp', RED, 443, 'silence'], [who, 'tcp', RED6, 80, 'silence'], [who, 'tcp', RED6, 443, 'silence'],
    [who, 'tcp', RED6, 25, who === 'h5' ? 'red' : 'silence'], [who, 'udp', RED, 443, 'refused'], [who, 'udp', RED6, 443, 'refused'], [who, 'tcp', RED, 853, 'refused'],
    [who, 'udp', RED, 53, 'refused'], [who, 'udp', RED, 5000, 'silence'], [who, 'udp', GATEWAY, 53, 'gateway'], [who, 'tcp', GATEWAY, 53, 'gateway'],
    [who, 'tcp', GATEWAY, 22, 'silence'], [who, 'tcp', '203.0.113.1', 8080, 'silence'],
  ]),
  ['adm', 'tcp', GATEWAY, 445, 'gateway'],
  ['adm', 'tcp', GATEWAY, 222, 'gateway'],
  ['h35', 'tcp', GATEWAY, 445, 'silence'],
  ['h5', 'tcp', GATEWAY, 222, 'silence'],
  ['adm', 'tcp', GATEWAY, 800, 'silence'],
  ['adm', 'tcp', RED, 445, 'silence'],
  ['red', 'tcp', '203.0.113.1', 800, 'silence'],
  ['red', 'tcp', '203.0.113.1', 445, 'silence'],
  ['red', 'tcp', '192.168.51.35', 22, 'silence'],
]

const WORD = { gateway: 'gateway', red: 'red', silence: 'silence', refused: 'refused' } as const

async function results(stage: Stage, rows: readonly Row[]): Promise<readonly string[]> {
  const by = new Map<string, Probe[]>()
  for (const [who, protocol, host, port] of rows) by.set(who, [...(by.get(who) ?? []), { protocol, host, port }])
  const answers = new Map<string, string[]>()
  await Promise.all([...by].map(async ([who, probes]) => answers.set(who, [...(await stage.probe(who, probes))])))
  return rows.map(([who]) => answers.get(who)?.shift() ?? 'missing')
}

function told(row: Row, got: string): string {
  return `${row[0]} ${row[1]}/${row[3]} to ${row[2]}: ${got.split(':')[0] ?? got}`
}

const LOG_ALL = '/proc/sys/net/netfilter/nf_log_all_netns'

/** Lets the kernel log from namespaces while `body` runs; false: it may not be set here. */
async function withKernelLog(body: () => Promise<void>): Promise<boolean> {
  if (!existsSync(LOG_ALL)) return false
  const before = readFileSync(LOG_ALL, 'latin1')
  try {
    writeFileSync(LOG_ALL, '1')
  } catch {
    return false
  }
  try {
    await body()
  } finally {
    writeFileSync(LOG_ALL, before.trim())
  }
  return true
}

for (const backend of BACKENDS) {
  t.test(`the office behind ${backend.name}`, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, HOSTS)
    await stage.listen('gw', 'gateway', TCP, UDP)
    await stage.listen('red', 'red', TCP, UDP)

    await t.test('before the rules everything is open, so that what does not pass later was stopped', async (t) => {
      const open = await results(stage, ROWS)
      t.same(ROWS.map((row, index) => told(row, open[index] ?? '')).filter((line) => /(silence|refused)$/.test(line) && !/192\.168\.51\.35/.test(line)), [])
    })

    backend.load(stage, 'gw', readCase('02-dual-stack').texts)

    await t.test('with the rules, each as the article has it', async (t) => {
      const got = await results(stage, ROWS)
      t.same(ROWS.map((row, index) => told(row, got[index] ?? '')), ROWS.map((row) => told(row, WORD[row[4]])))
    })

    await t.test('red sees the gateway as the sender of what it forwards', async (t) => {
      t.same(await stage.probe('h5', [{ protocol: 'tcp', host: RED, port: 25 }, { protocol: 'tcp', host: RED6, port: 25 }]), ['red:25 203.0.113.1', 'red:25 2001:db8:113::1'])
    })

    await t.test('on the gateway itself the proxy\'s user alone opens the web', async (t) => {
      const web: readonly Probe[] = [{ protocol: 'tcp', host: RED, port: 443 }, { protocol: 'tcp', host: RED6, port: 80 }, { protocol: 'udp', host: RED, port: 443 }, { protocol: 'tcp', host: RED, port: 22 }]
      const word = (got: readonly string[]): string[] => got.map((each) => each.split(':')[0] ?? each)
      t.same(word(await stage.probe('gw', web)), ['refused', 'refused', 'refused', 'red'])
      t.same(word(await stage.probe('gw', web, 700, 13)), ['red', 'red', 'red', 'red'])
    })

    await t.test('ping reaches the gateway and nothing past it', async (t) => {
      t.equal(stage.exec('h100', `ping -c 1 -W 1 ${GATEWAY}`).code, 0)
      t.equal(stage.exec('h100', 'ping -c 1 -W 1 fd00:51::254').code, 0, 'over IPv6, neighbour discovery and all')
      t.not(stage.exec('h100', `ping -c 1 -W 1 ${RED}`).code, 0)
    })

    await t.test('the drop is counted, and logged as GREEN DROP with its port', async (t) => {
      await sleep(2_500) // the bucket of .25 fills again
      const file = `${t.testdir({})}/nflog.pcap`
      const capture = stage.start('gw', 'tcpdump', ['-i', 'nflog:5', '-U', '-w', file], { stderr: 'pipe' })
      await stage.said(capture, 'listening', 'stderr')
      const before = backend.counted(stage, 'gw', 'gg:default-deny')
      const marker = `gg-${process.pid}-${backend.name}`
      const logged = await withKernelLog(async () => {
        run('sh', ['-c', `echo '<6>${marker}' > /dev/kmsg`])
        await stage.probe('h25', [{ protocol: 'tcp', host: GATEWAY, port: 800 }], 300)
      })
      if (!logged) await stage.probe('h25', [{ protocol: 'tcp', host: GATEWAY, port: 800 }], 300)
      t.ok(backend.counted(stage, 'gw', 'gg:default-deny') > before, 'counted')
      const seen = (): boolean => readNflog(readFileSync(file)).some((each) =>
        each.prefix === 'GREEN DROP ' && each.source === '192.168.51.25' && each.target === GATEWAY && each.protocol === 6 && each.port === 800)
      // the kernel gathers records for a second and more
      for (let tries = 1; tries <= 60 && !seen(); tries++) {
        await sleep(200)
        if (tries % 15 === 0) await stage.probe('h25', [{ protocol: 'tcp', host: GATEWAY, port: 800 }], 300)
      }
      t.ok(seen(), 'NFLOG group 5')
      if (!logged) return t.comment('kernel LOG not tried: nf_log_all_netns cannot be set here')
      const kernel = run('dmesg', []).out
      t.match(kernel.slice(kernel.lastIndexOf(marker)), /GREEN DROP IN=green0 [^\n]*SRC=192\.168\.51\.25 [^\n]*DPT=800 /, 'kernel log')
    })
  })
}
