// Who has which MAC: what the kernel's tables say, read as they are, and in a namespace against the kernel itself.
import t from 'tap'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { Neighbours, parseArp, parseIpNeigh } from '../../src/kernel/neighbours.ts'

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

const ARP = `IP address       HW type     Flags       HW address            Mask     Device
192.168.51.35    0x1         0x2         00:16:3E:5E:6C:01     *        eth0
192.168.51.36    0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.51.37    0x1         0x6         00:16:3e:5e:6c:03     *        eth0
192.168.51.38    0x1         0x0         00:16:3e:5e:6c:04     *        eth0
broken line
`

t.test('/proc/net/arp', async (t) => {
  const table = parseArp(ARP)
  t.equal(table.get('192.168.51.35'), '00:16:3e:5e:6c:01', 'a neighbour, in lower case')
  t.equal(table.get('192.168.51.37'), '00:16:3e:5e:6c:03', 'a permanent one')
  t.notOk(table.has('192.168.51.36'), 'one that did not answer')
  t.notOk(table.has('192.168.51.38'), 'one that the kernel has not confirmed')
  t.equal(table.size, 2)
})

t.test('ip -j neigh', async (t) => {
  const table = parseIpNeigh(JSON.stringify([
    { dst: '2001:db8::35', dev: 'eth0', lladdr: '00:16:3e:5e:6c:01', state: ['REACHABLE'] },
    { dst: '2001:db8::36', dev: 'eth0', state: ['FAILED'] },
    { dst: '2001:db8::37', dev: 'eth0', lladdr: '00:16:3e:5e:6c:02', state: ['INCOMPLETE'] },
    { dst: 'fe80::1', dev: 'eth0', lladdr: '00:16:3e:5e:6c:03', state: ['STALE'] },
    { dst: 'fe80::1', dev: 'eth1', lladdr: '00:16:3e:5e:6c:04', state: ['STALE'] },
    { dst: 'no address', lladdr: '00:16:3e:5e:6c:05' }, 7, null,
  ]))
  t.equal(table.get('2001:db8::35'), '00:16:3e:5e:6c:01')
  t.equal(table.size, 1, 'who failed, is incomplete, or stands on two links with two MACs names nobody')
  t.equal(parseIpNeigh('').size, 0, 'an empty table')
  t.throws(() => parseIpNeigh('x'))
})

t.test('loopback has no neighbour and asks nobody', async (t) => {
  const neighbours = new Neighbours()
  t.equal(neighbours.mac(ip('127.0.0.1')), undefined)
  t.equal(neighbours.mac(ip('127.9.9.9')), undefined)
  t.equal(neighbours.mac(ip('::1')), undefined)
})

t.test('an address that is not on the link is looked for once, then known to be absent', async (t) => {
  const neighbours = new Neighbours()
  const first = neighbours.mac(ip('203.0.113.200'))
  t.ok(first instanceof Promise, 'asked of the kernel')
  t.equal(await first, undefined)
  t.equal(neighbours.mac(ip('203.0.113.200')), undefined, 'at once the second time')
  const both = [neighbours.mac(ip('203.0.113.201')), neighbours.mac(ip('203.0.113.202'))]
  t.same(await Promise.all(both), [undefined, undefined], 'many may wait for one read')
  const six = neighbours.mac(ip('2001:db8::1'))
  t.equal(await six, undefined)
})
