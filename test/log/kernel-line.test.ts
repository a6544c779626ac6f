// The kernel's log lines as loggers write them down: each form gives the same record, what strangers write there gives none, and what an ICMP
// error quotes is not taken for the packet itself.
import t from 'tap'
import { chainOf, chainParts } from '../../src/log/firewall-record.ts'
import { parseKernelLine } from '../../src/log/kernel-line.ts'
import { parseJournalLine, parseKmsg, parseSyslogLine } from '../../src/log/syslog-line.ts'

const WORDS = 'GREEN DROP IN=green0 OUT= MAC=02:51:00:00:00:fe:02:51:00:00:00:19:08:00 SRC=192.168.51.25 DST=192.168.51.254 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40112 DPT=800 WINDOW=64240 RES=0x00 SYN URGP=0'
const FACTS = { now: Date.UTC(2026, 0, 2, 12), started: Date.UTC(2026, 0, 1), timezone: 'Europe/Berlin' }

t.test('a packet of TCP, with all that its line says', async (t) => {
  const record = parseKernelLine(WORDS)
  t.match(record, { chain: 'GREEN DROP', in: 'green0', mac: '02:51:00:00:00:19', protocol: 'tcp', sourcePort: 40112, port: 800, length: 60 })
  t.same([record?.source.text, record?.target.text, record?.out], ['192.168.51.25', '192.168.51.254', undefined])
})

t.test('IPv6, ICMP, another protocol, a MAC told apart, no MAC at all', async (t) => {
  const six = parseKernelLine('RED DROP IN=red0 OUT=green0 MACSRC=02:51:00:00:00:64 MACDST=02:51:00:00:00:fe MACPROTO=86dd SRC=fd00:0051:0000:0000:0000:0000:0000:0064 DST=2001:0db8:0000:0000:0000:0000:0000:0001 LEN=104 PROTO=ICMPv6 TYPE=128 CODE=0')
  t.match(six, { chain: 'RED DROP', mac: '02:51:00:00:00:64', protocol: 'icmp', port: 128, out: 'green0' })
  t.equal(six?.source.text, 'fd00:51::64')
  t.match(parseKernelLine('OUTPUT DROP IN= OUT=red0 SRC=203.0.113.1 DST=203.0.113.9 LEN=40 PROTO=47 UID=0 GID=0'), { protocol: 47, out: 'red0' })
  t.equal(parseKernelLine('GREEN DROP IN=green0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=33 PROTO=UDP SPT=1 DPT=53 LEN=13')?.length, 33)
})

t.test('what an ICMP error quotes is not what the packet is', async (t) => {
  const record = parseKernelLine('GREEN DROP IN=green0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=56 PROTO=ICMP TYPE=3 CODE=1 [SRC=10.0.0.1 DST=10.0.0.2 PROTO=TCP SPT=22 DPT=80 ]')
  t.match(record, { protocol: 'icmp', port: 3, sourcePort: undefined })
})

t.test('lines that are none of ours', async (t) => {
  for (const words of ['DROP IN=green0 SRC=192.0.2.1 DST=192.0.2.2 PROTO=TCP', 'GREEN DROP', 'IN=green0 SRC=192.0.2.1', 'GREEN DROP IN=green0 OUT= SRC=300.1.1.1 DST=192.0.2.2 PROTO=TCP', '[UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 PROTO=TCP']) {
    t.equal(parseKernelLine(words), undefined, words)
  }
  t.equal(chainOf('GREEN REJECT no-news '), 'GREEN REJECT no-news')
  t.same(chainParts('GREEN WOULD REJECT no-news'), { verdict: 'reject', would: true, rule: 'no-news' })
})

t.test('each logger\'s form, and the year that one of them does not say', async (t) => {
  const time = (line: string): string | undefined => {
    const message = parseSyslogLine(line, FACTS)
    return message === undefined || message.message !== WORDS ? undefined : new Date(message.time).toISOString()
  }
  t.equal(time(`Jan  2 08:00:00 gw kernel: [12345.678901] ${WORDS}`), '2026-01-02T07:00:00.000Z')
  t.equal(time(`Dec 31 23:59:59 gw kernel: ${WORDS}`), '2025-12-31T22:59:59.000Z', 'of last year')
  t.equal(time(`2026-01-02T08:00:00.250000+01:00 gw kernel: [12345.678901] ${WORDS}`), '2026-01-02T07:00:00.250Z')
  t.equal(time(`[   10.500000] ${WORDS}`), '2026-01-01T00:00:10.500Z')
  t.equal(parseKmsg(`6,1234,10500000,-;${WORDS}\n SUBSYSTEM=net\n`, FACTS)?.message, WORDS)
  t.equal(parseJournalLine(JSON.stringify({ MESSAGE: WORDS, __REALTIME_TIMESTAMP: '1767312000250000' }))?.time, 1767312000250)
})

t.test('a program that writes such words is not the kernel', async (t) => {
  for (const line of [`Jan  2 08:00:00 gw logger: ${WORDS}`, `Jan  2 08:00:00 gw app[1]: kernel: ${WORDS}`, `2026-01-02T08:00:00+01:00 gw app kernel: ${WORDS}`, WORDS]) t.equal(parseSyslogLine(line, FACTS), undefined, line.slice(0, 40))
  t.equal(parseKmsg(`14,1,1,-;${WORDS}`, FACTS), undefined, 'its facility says so')
  t.equal(parseJournalLine('no json'), undefined)
  t.equal(parseJournalLine(JSON.stringify({ MESSAGE: [1, 2], __REALTIME_TIMESTAMP: '1' })), undefined, 'bytes are no words')
})
