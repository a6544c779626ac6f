// The single machine behind its rules: what it serves, what it may send, and that the web is reached by the proxy alone, whichever user
// asks. The egress article's script, mended, with real packets both ways.
import t from 'tap'
import { BACKENDS } from './backends.ts'
import { readCase } from './cases.ts'
import { unable } from './root.ts'
import { Stage } from './stage.ts'
import type { Probe } from './stage.ts'

const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'ping'])

/** The machine at 192.0.2.10 and one neighbour that has every other address. */
function pair(stage: Stage): void {
  stage.add('own', 'net')
  stage.link('own', 'eth0', 'net', 'eth0')
  stage.address('own', 'eth0', ['192.0.2.10/24', '2001:db8::10/64'])
  stage.address('net', 'eth0', ['192.0.2.254/24', '192.0.2.25/24', '192.0.2.53/24', '192.0.2.99/24', '192.0.2.7/24', '192.0.2.123/24', '2001:db8::25/64', '2001:db8::254/64', '2001:db8::7/64', '2001:db8::53/64'])
}

const PORTS = [21, 22, 25, 53, 80, 443, 800, 8080, 8443]

async function words(stage: Stage, space: string, probes: readonly Probe[], uid = 0): Promise<readonly string[]> {
  const got = await stage.probe(space, probes, 500, uid)
  return probes.map((probe, index) => `${probe.from === undefined ? '' : `${probe.from} `}${probe.protocol}/${probe.port} ${probe.host}: ${got[index]?.split(':')[0] ?? ''}`)
}

function tcp(host: string, port: number, from?: string): Probe {
  return { protocol: 'tcp', host, port, ...(from === undefined ? {} : { from }) }
}

for (const backend of BACKENDS) {
  t.test(`a server, by ${backend.name}`, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    pair(stage)
    await stage.listen('own', 'own', PORTS, [53, 5000])
    await stage.listen('net', 'net', PORTS, [53, 123, 443, 5353])
    backend.load(stage, 'own', readCase('07-client').texts)

    t.same(await words(stage, 'own', [
      tcp('192.0.2.254', 800), tcp('192.0.2.254', 80), tcp('192.0.2.254', 443), tcp('2001:db8::254', 443), tcp('192.0.2.25', 25), tcp('2001:db8::25', 25), tcp('192.0.2.99', 25),
      tcp('192.0.2.99', 21), tcp('127.0.0.1', 8080), tcp('192.0.2.10', 8080),
      { protocol: 'udp', host: '192.0.2.53', port: 53 }, { protocol: 'udp', host: '192.0.2.99', port: 53 }, { protocol: 'udp', host: '2001:db8::53', port: 5353 },
      { protocol: 'udp', host: '192.0.2.123', port: 123 }, { protocol: 'udp', host: '192.0.2.254', port: 443 },
    ]), [
      'tcp/800 192.0.2.254: refused', 'tcp/80 192.0.2.254: silence', 'tcp/443 192.0.2.254: silence', 'tcp/443 2001:db8::254: silence', 'tcp/25 192.0.2.25: net', 'tcp/25 2001:db8::25: net',
      'tcp/25 192.0.2.99: silence', 'tcp/21 192.0.2.99: silence', 'tcp/8080 127.0.0.1: own', 'tcp/8080 192.0.2.10: own', 'udp/53 192.0.2.53: net', 'udp/53 192.0.2.99: silence',
      'udp/5353 2001:db8::53: net', 'udp/123 192.0.2.123: net', 'udp/443 192.0.2.254: silence',
    ], 'what root may send')
    t.same(await words(stage, 'own', [tcp('192.0.2.254', 800), tcp('192.0.2.254', 443)], 1000), ['tcp/800 192.0.2.254: net', 'tcp/443 192.0.2.254: silence'], 'the named user alone has the proxy')
    t.same(await words(stage, 'net', [
      tcp('192.0.2.10', 25), tcp('192.0.2.10', 80), tcp('192.0.2.10', 443), tcp('2001:db8::10', 443), tcp('192.0.2.10', 8080), tcp('2001:db8::10', 8080),
      tcp('192.0.2.10', 22, '192.0.2.7'), tcp('192.0.2.10', 22, '192.0.2.99'), tcp('2001:db8::10', 22, '2001:db8::7'), tcp('2001:db8::10', 22, '2001:db8::25'),
      { protocol: 'udp', host: '192.0.2.10', port: 5000 },
    ]), [
      'tcp/25 192.0.2.10: own', 'tcp/80 192.0.2.10: own', 'tcp/443 192.0.2.10: own', 'tcp/443 2001:db8::10: own', 'tcp/8080 192.0.2.10: silence', 'tcp/8080 2001:db8::10: silence',
      '192.0.2.7 tcp/22 192.0.2.10: own', '192.0.2.99 tcp/22 192.0.2.10: silence', '2001:db8::7 tcp/22 2001:db8::10: own', '2001:db8::25 tcp/22 2001:db8::10: silence',
      'udp/5000 192.0.2.10: silence',
    ], 'what others may ask of it')
    for (const [space, address] of [['net', '192.0.2.10'], ['own', '192.0.2.254'], ['net', '2001:db8::10'], ['own', '2001:db8::254']] as const) {
      t.equal(stage.exec(space, `ping -c 1 -W 1 ${address}`).code, 0, `echo from ${space} to ${address}`)
    }
    t.ok(backend.counted(stage, 'own', 'gg:default-deny') > 0)
  })

  t.test(`a workstation with its own proxy, by ${backend.name}`, { skip, timeout: 60_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    pair(stage)
    await stage.listen('own', 'own', [800], [])
    await stage.listen('net', 'net', PORTS, [])
    backend.load(stage, 'own', readCase('08-client-own-proxy').texts)
    const web = [tcp('127.0.0.1', 800), tcp('192.0.2.254', 80), tcp('192.0.2.254', 443), tcp('2001:db8::254', 443), tcp('192.0.2.254', 8443), tcp('192.0.2.254', 22)]
    t.same((await words(stage, 'own', web, 13)).map((each) => each.replace(/.*: /, '')), ['own', 'net', 'net', 'net', 'net', 'silence'], 'the proxy\'s user')
    t.same((await words(stage, 'own', web, 1000)).map((each) => each.replace(/.*: /, '')), ['own', 'refused', 'refused', 'refused', 'refused', 'silence'], 'another user')
    t.same((await words(stage, 'own', web)).map((each) => each.replace(/.*: /, '')), ['own', 'refused', 'refused', 'refused', 'refused', 'silence'], 'root')
    t.same(await words(stage, 'net', [tcp('192.0.2.10', 800)]), ['tcp/800 192.0.2.10: silence'])
  })
}
