// The machine's own addresses and sockets, as the kernel tells them.
import t from 'tap'
import { createServer } from 'node:net'
import { ownAddresses, parseFibTrie, parseIfInet6 } from '../../src/kernel/addresses.ts'
import { inNamespace, unable } from '../firewall/root.ts'
import { findListening, parseLocalAddress } from '../../src/kernel/sockets.ts'

const ADDRESSES = new URL('../../src/kernel/addresses.ts', import.meta.url).href

t.test('own addresses hold loopback and each only once', async (t) => {
  const texts = ownAddresses().map((ip) => ip.text)
  t.ok(texts.includes('127.0.0.1'))
  t.equal(new Set(texts).size, texts.length)
})

t.test('/proc/net/if_inet6', async (t) => {
  const found = parseIfInet6('20010db8000000000000000000000001 02 40 00 80 eth0\nfe8000000000000000fc00fffe000001 04 40 20 80 eth1\nnonsense\n')
  t.same(found.map((ip) => ip.text), ['2001:db8::1', 'fe80::fc:ff:fe00:1'])
})

t.test('/proc/net/fib_trie: single addresses of this machine, and no network', async (t) => {
  const found = parseFibTrie(`Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 45.88.0.0/24 2 0 2
        |-- 45.88.0.0
           /24 link UNICAST
        |-- 45.88.0.1
           /32 host LOCAL
        |-- 45.88.0.255
           /32 link BROADCAST
Local:
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 link UNICAST
           /32 host LOCAL
`)
  t.same(found.map((ip) => ip.text), ['45.88.0.1', '127.0.0.1'])
})

t.test('an interface without a carrier still has its addresses', { skip: unable(['ip']) }, async (t) => {
  const { out, err } = inNamespace(`ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add 45.88.0.1/24 dev v0 && ip -6 addr add 2a00:99::1/64 dev v0 nodad && ip link set v0 up
    for i in 1 2 3 4 5 6 7 8 9 10; do ip -br link show v0 | grep -q LOWERLAYERDOWN && break; sleep 0.2; done
    '${process.execPath}' -e 'import("${ADDRESSES}").then(({ ownAddresses }) => console.log(ownAddresses().map((ip) => ip.text).join(" ")))'`)
  t.equal(out.trim(), '45.88.0.1 127.0.0.1 ::1 2a00:99::1', err)
})

t.test('a listening socket has a name', async (t) => {
  t.same(parseLocalAddress('0100007F:0320'), { address: '127.0.0.1', port: 800 })
  t.same(parseLocalAddress('00000000000000000000000001000000:0050'), { address: '::1', port: 80 })
  t.same(parseLocalAddress('0000000000000000FFFF00000100007F:0050'), { address: '127.0.0.1', port: 80 })
  t.equal(parseLocalAddress('x'), undefined)
  const table = '  sl  local_address rem_address st\n   0: 0100007F:0320 00000000:0000 0A 0 0 0 0 0 777 1\n   1: 0100007F:0321 00000000:0000 01 0 0 0 0 0 778 1\n'
  t.same(findListening(table.replaceAll(' 0 0 0 0 0 ', ' 00000000:00000000 00:00000000 00000000 0 0 '), '777'), { address: '127.0.0.1', port: 800 })
  t.equal(findListening(table.replaceAll(' 0 0 0 0 0 ', ' 00000000:00000000 00:00000000 00000000 0 0 '), '778'), undefined, 'a connection is no listener')
})

t.test('our own listener is found by its descriptor', { skip: process.platform !== 'linux' }, async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { listeningSocket } = await import('../../src/kernel/sockets.ts')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const fd = ('_handle' in server ? server._handle as { readonly fd: number } : { fd: -1 }).fd
  t.same(listeningSocket(fd), { address: '127.0.0.1', port })
  t.equal(listeningSocket(999), undefined)
})
