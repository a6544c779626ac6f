// Services by name and by number: the ports an administrator expects, and nothing that can be read two ways.
import t from 'tap'
import { nameOf, parseServiceLiteral, service, serviceNames } from '../../src/policy/services.ts'
import type { ServicePart } from '../../src/policy/policy.ts'

function text(parts: readonly ServicePart[] | undefined): string | undefined {
  return parts?.map((part) => {
    if (part.protocol === 'proxy') return 'proxy'
    if (part.protocol === 'ip') return `ip ${part.number}`
    if (part.protocol === 'icmp') return `icmp ${part.all === true ? 'all' : `${part.v4 ?? '-'}/${part.v6 ?? '-'}`}`
    return `${part.protocol} ${part.first === part.last ? part.first : `${part.first}-${part.last}`}${part.sourcePort === undefined ? '' : ` from ${part.sourcePort}`}`
  }).join(', ')
}

t.test('names', async (t) => {
  const rows: readonly (readonly [name: string, means: string | undefined])[] = [
    ['smtp', 'tcp 25'], ['SMTP', 'tcp 25'], ['pop3', 'tcp 110'], ['pop2', 'tcp 109'], ['imap', 'tcp 143'], ['imaps', 'tcp 993'], ['pop3s', 'tcp 995'], ['submission', 'tcp 587'], ['smtps', 'tcp 465'],
    ['http', 'tcp 80'], ['https', 'tcp 443'], ['quic', 'udp 443'], ['http-alt', 'tcp 8080'], ['ssh', 'tcp 22'], ['telnet', 'tcp 23'], ['ftp', 'tcp 21'], ['tftp', 'udp 69'], ['finger', 'tcp 79'],
    ['dns', 'udp 53, tcp 53'], ['domain', 'udp 53, tcp 53'], ['dhcp', 'udp 67 from 68'], ['ping', 'icmp 8/128'], ['proxy', 'proxy'], ['ntp', 'udp 123'], ['snmp', 'udp 161'], ['syslog', 'udp 514'],
    ['daytime', 'udp 13, tcp 13'], ['whois', 'tcp 43'], ['whois++', 'udp 63, tcp 63'], ['gopher', 'tcp 70'], ['auth', 'tcp 113'], ['ident', 'tcp 113'], ['nntp', 'tcp 119'], ['mdbs_daemon', 'tcp 800'],
    ['msnp', 'tcp 1863'], ['mysql', 'tcp 3306'], ['postgresql', 'tcp 5432'], ['rdp', 'tcp 3389'], ['microsoft-ds', 'tcp 445'], ['kerberos', 'udp 88, tcp 88'], ['ldaps', 'tcp 636'], ['nfs', 'udp 2049, tcp 2049'],
    ['sip', 'udp 5060, tcp 5060'], ['openvpn', 'udp 1194, tcp 1194'], ['isakmp', 'udp 500'], ['radius', 'udp 1812'], ['git', 'tcp 9418'], ['x11', 'tcp 6000-6063'],
    ['icmp', 'icmp all'], ['gre', 'ip 47'], ['esp', 'ip 50'], ['tcp', 'tcp 0-65535'], ['udp', 'udp 0-65535'], ['nosuch', undefined], ['constructor', undefined], ['__proto__', undefined], ['', undefined],
  ]
  for (const [name, means] of rows) t.equal(text(service(name)), means, name)
  t.ok([...serviceNames()].length > 300, 'several hundred names')
})

t.test('a port has a name', async (t) => {
  for (const [protocol, port, name] of [['tcp', 800, 'mdbs_daemon'], ['tcp', 25, 'smtp'], ['udp', 53, 'domain'], ['tcp', 1863, 'msnp'], ['udp', 443, 'quic'], ['tcp', 65000, undefined]] as const) {
    t.equal(nameOf(protocol, port), name, `${protocol}/${port}`)
  }
})

t.test('literals', async (t) => {
  const rows: readonly (readonly [literal: string, means: string])[] = [
    ['tcp/25', 'tcp 25'], ['TCP/25', 'tcp 25'], ['udp/5900-5910', 'udp 5900-5910'], ['tcp/smtp', 'tcp 25'], ['tcp/whois++', 'tcp 63'], ['tcp/netbios-ssn', 'tcp 139'], ['tcp+udp/53', 'tcp 53, udp 53'],
    ['tcp/80,443', 'tcp 80, tcp 443'], ['tcp/1-65535', 'tcp 1-65535'], ['icmp/8', 'icmp 8/128'], ['icmp/echo-request', 'icmp 8/128'], ['icmpv6/128', 'icmp 8/128'], ['icmp/packet-too-big', 'icmp -/2'],
    ['icmp/13', 'icmp 13/-'], ['icmpv6/200', 'icmp -/200'], ['ip/47', 'ip 47'], ['ip/6', 'tcp 0-65535'], ['ip/1', 'icmp all'],
  ]
  for (const [literal, means] of rows) {
    const parsed = parseServiceLiteral(literal)
    t.equal(parsed.ok ? text(parsed.parts) : parsed.problem, means, literal)
  }
})

t.test('what is no literal says why', async (t) => {
  const rows: readonly (readonly [literal: string, problem: RegExp, hint: RegExp])[] = [
    ['25', /port without its protocol/, /tcp\/25/], ['5900-5910', /without its protocol/, /tcp\/5900-5910/], ['25/tcp', /wrong way round/, /tcp\/25/], ['smtp/tcp', /wrong way round/, /tcp\/smtp/],
    ['tcp/25 from 1024', /source port/, /invents its own/], ['tcp/1024:25', /source port/, /invents its own/], ['udp from 53', /source port/, /invents its own/], ['sport 25', /source port/, /invents its own/],
    ['source-port 25', /source port/, /invents its own/], ['tcp/0', /no port/, /1 to 65535/], ['tcp/65536', /no port/, /1 to 65535/], ['tcp/9-3', /backwards/, /tcp\/3-9/], ['tcp/nosuch', /no port/, /tcp\/25/],
    ['icmp/nosuch', /no ICMP type/, /echo-request/], ['esp/4', /no service/, /`esp` alone/],
  ]
  for (const [literal, problem, hint] of rows) {
    const parsed = parseServiceLiteral(literal)
    if (parsed.ok) t.fail(literal)
    else {
      t.match(parsed.problem, problem, literal)
      t.match(parsed.hint, hint, literal)
    }
  }
  for (const name of ['smpt', 'MailingServices', 'a b']) t.strictSame(parseServiceLiteral(name), { ok: false, problem: undefined }, `${name} may be a name`)
})
