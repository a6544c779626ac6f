// Shorewall's files as a policy: what a packet meets afterwards is what Shorewall said of it, and each line that cannot come along is told. A
// denial that is lost opens nothing: what it closed stays closed.
import t from 'tap'
import { importShorewall } from '../../src/import/shorewall/shorewall.ts'
import { file, judge, made, problem, rows, told } from './judged.ts'

const POLICY = file('policy', '#SOURCE DEST POLICY LOGLEVEL', 'loc net DROP', 'fw net ACCEPT')

/** The list of the outbound-blocking page, as it stands there. */
const LISTED = file('rules',
  '      # (following lines are descriptive, but not exactly syntactically correct -', '      ACCEPT loc net 13 # system time sync', '      ACCEPT loc net ICMP 8 # ping & traceroute ', '      ACCEPT loc net 21 # FTP control', '      ACCEPT loc net 22 # SSH ',
  '      ACCEPT loc net 25 # SMTP email, possibly sending as well as receiving ', '      ACCEPT loc net 53 # DNS (if no name servers either in DMZ or local) ', '      ACCEPT loc net 80 # http: (www - world wide web) ', '      ACCEPT loc net 143 # imap (an email alternative to POP3) ',
  '      ACCEPT loc net 587 # SMTP email sending-only', '      # Actual syntax required by Shorewall often needs _two_ lines per port,', '      ACCEPT loc net udp 123', '      DROP loc net tcp 7201\t# TCP port 7201 may be used by NetMonitor, which we consider illegitimate')

t.test('the list of the outbound-blocking page: a port without a protocol is both, ICMP 8 is echo-request, the comment is the remark', async (t) => {
  const imported = made(importShorewall([POLICY, LISTED]))
  t.same(told(imported.findings, 'lost'), [])
  const { packet, compiled } = await judge(t, imported)
  for (const [got, wanted] of rows(packet, `
    192.168.51.35 tcp/13 203.0.113.5 => accept loc-net-tcp-udp-13
    192.168.51.35 udp/13 203.0.113.5 => accept loc-net-tcp-udp-13
    192.168.51.35 ip/13 203.0.113.5 => drop default
    192.168.51.35 icmp/echo-request 203.0.113.5 => accept loc-net-icmp-8
    192.168.51.35 icmp/timestamp-request 203.0.113.5 => drop default
    192.168.51.35 dns 203.0.113.5 => accept loc-net-tcp-udp-53
    192.168.51.35 tcp/143 203.0.113.5 => accept loc-net-tcp-udp-143
    192.168.51.35 udp/123 203.0.113.5 => accept loc-net-udp-123
    192.168.51.35 tcp/123 203.0.113.5 => drop default
    192.168.51.35 tcp/7201 203.0.113.5 => drop drop-loc-net-tcp-7201
    192.168.51.35 tcp/443 203.0.113.5 => drop default
    192.168.51.35 tcp/25 192.168.51.254 => drop default
    gateway tcp/443 203.0.113.5 => accept default
  `)) t.equal(got, wanted)
  t.same(compiled.policy.rules.map(({ remark }) => remark).slice(0, 4), ['system time sync', 'ping & traceroute', 'FTP control', 'SSH'])
  t.equal(compiled.policy.gateway.default.action, 'drop')
  t.match(told(imported.findings, 'changed')[0], /^rules:2 `13` stands where the protocol does/)
})

t.test('`loc net DROP` and `REJECT` are gateway.default, `ACCEPT` is a last rule, `fw net` is gateway.output', async (t) => {
  const policy = async (...lines: readonly string[]): Promise<string> => {
    const { compiled, packet } = await judge(t, made(importShorewall([file('policy', ...lines)])))
    const { gateway } = compiled.policy
    return `${gateway.default.action}${gateway.default.log ? ' log' : ''}, ${gateway.output}; ${['192.168.51.9 tcp/25 203.0.113.5', '192.168.51.9 tcp/25 192.168.51.254', 'gateway tcp/25 203.0.113.5', 'gateway tcp/25 192.168.51.9'].map((row) => packet(row).split(' ')[0]).join(' ')}`
  }
  t.equal(await policy('loc net DROP'), 'drop, allow; drop drop accept accept')
  t.equal(await policy('loc net REJECT info'), 'reject log, allow; reject reject accept accept')
  t.equal(await policy('loc net ACCEPT', 'fw net DROP', 'all all REJECT'), 'reject, drop; accept reject drop reject')
  t.equal(await policy('loc all ACCEPT', 'fw all ACCEPT', 'net all DROP', 'all all REJECT info'), 'drop log, allow; accept accept accept accept')
  t.equal(await policy('loc fw ACCEPT', 'all all DROP'), 'drop, drop; drop accept drop drop')
  t.equal(await policy('$FW all ACCEPT', 'all all DROP:Drop $LOG_LEVEL'), 'drop log, allow; drop drop accept accept')
  t.equal(await policy('all!loc net ACCEPT', 'all all DROP'), 'drop, allow; drop drop accept drop')
})

t.test('columns as Shorewall reads them', async (t) => {
  const rules = file('/etc/shorewall/rules', '?SECTION NEW', '?COMMENT mail of the office',
    'ACCEPT   loc:192.168.51.0/27,192.168.51.40   net   tcp   25,110,5900:5910,1024-1026', '?COMMENT', 'Web(ACCEPT) loc:192.168.51.35 net', 'SSH/ACCEPT loc:~00-16-3e-5e-6c-01 fw', 'Ping(ACCEPT) loc $FW', 'DNS(DROP) loc net:198.51.100.0/24',
    'DNS(ACCEPT):info loc net', 'REJECT loc:192.168.51.0/24!192.168.51.7 net tcp 6667', 'ACCEPT loc net tcp :20', 'ACCEPT loc net tcp !1:6999,7010:65535', 'ACCEPT $FW loc tcp,udp 5353', 'ACCEPT loc net 6 4000', 'ACCEPT loc net gre', 'ACCEPT loc net tcp smtp,submission',
    'ACCEPT:debug loc net:203.0.113.7-203.0.113.9 udp 1194', 'ACCEPT loc net { proto=udp, dport="4500,500" }', 'ACCEPT loc net ; proto=>tcp, dport=>8333', 'ACCEPT  all  net  tcp 179', 'A_ACCEPT loc,fw net tcp 43', 'ACCEPT loc net \\', '  tcp 119', 'ACCEPT loc:192.168.51.77/28 net tcp 9418', 'DROP loc net icmp 3', 'Trcrt(ACCEPT) loc net')
  const imported = made(importShorewall([POLICY, rules]))
  t.same(told(imported.findings, 'lost'), [])
  const { packet, compiled } = await judge(t, imported)
  for (const [got, wanted] of rows((row) => packet(row).split(' ')[0] ?? '', `
    192.168.51.0 tcp/25 203.0.113.5 => accept
    192.168.51.31 tcp/110 203.0.113.5 => accept
    192.168.51.40 tcp/5910 203.0.113.5 => accept
    192.168.51.41 tcp/5910 203.0.113.5 => drop
    192.168.51.31 tcp/5911 203.0.113.5 => drop
    192.168.51.31 tcp/1026 203.0.113.5 => accept
    192.168.51.31 tcp/1027 203.0.113.5 => drop
    192.168.51.32 tcp/110 203.0.113.5 => drop
    192.168.51.35 tcp/80 203.0.113.5 => accept
    192.168.51.35 tcp/443 203.0.113.5 => accept
    192.168.51.35 udp/443 203.0.113.5 => reject
    192.168.51.36 tcp/80 203.0.113.5 => drop
    192.168.51.99,00:16:3e:5e:6c:01 tcp/22 192.168.51.254 => accept
    192.168.51.99,00:16:3e:5e:6c:02 tcp/22 192.168.51.254 => drop
    192.168.51.99 ping 192.168.51.254 => accept
    192.168.51.99 ping 203.0.113.5 => accept
    192.168.51.99 udp/33434 203.0.113.5 => accept
    192.168.51.99 udp/33525 203.0.113.5 => drop
    192.168.51.99 dns 198.51.100.9 => drop
    192.168.51.99 dns 198.51.101.9 => accept
    192.168.51.99 tcp/6667 203.0.113.5 => reject
    192.168.51.7 tcp/6667 203.0.113.5 => drop
    192.168.51.99 tcp/1 203.0.113.5 => accept
    192.168.51.99 tcp/20 203.0.113.5 => accept
    192.168.51.99 tcp/21 203.0.113.5 => drop
    192.168.51.99 tcp/7000 203.0.113.5 => accept
    192.168.51.99 tcp/7009 203.0.113.5 => accept
    192.168.51.99 tcp/7010 203.0.113.5 => drop
    gateway udp/5353 192.168.51.9 => accept
    192.168.51.99 tcp/4000 203.0.113.5 => accept
    192.168.51.99 udp/4000 203.0.113.5 => drop
    192.168.51.99 gre 203.0.113.5 => accept
    192.168.51.99 esp 203.0.113.5 => drop
    192.168.51.99 tcp/25 203.0.113.5 => accept
    192.168.51.99 tcp/587 203.0.113.5 => accept
    192.168.51.99 udp/1194 203.0.113.8 => accept
    192.168.51.99 udp/1194 203.0.113.10 => drop
    192.168.51.99 udp/500 203.0.113.10 => accept
    192.168.51.99 tcp/8333 203.0.113.10 => accept
    192.168.51.99 tcp/179 203.0.113.10 => accept
    gateway tcp/179 203.0.113.10 => accept
    192.168.51.99 tcp/43 203.0.113.10 => accept
    192.168.51.99 tcp/119 203.0.113.10 => accept
    192.168.51.64 tcp/9418 203.0.113.10 => accept
    192.168.51.79 tcp/9418 203.0.113.10 => accept
    192.168.51.80 tcp/9418 203.0.113.10 => drop
  `)) t.equal(got, wanted)
  t.equal(compiled.policy.rules[0]?.remark, 'mail of the office')
  t.equal(compiled.policy.rules[1]?.remark, undefined)
  t.ok(compiled.policy.rules.some(({ id, log }) => id === 'DNS-loc-net' && log === true))
  t.match(told(imported.findings, 'changed'), [/:5 this lets Green reach the web round the proxy/, /:24 `192\.168\.51\.77\/28` is `192\.168\.51\.64\/28`/])
})

t.test('what cannot be carried over is told with its line', async (t) => {
  const rules = file('rules', '?SECTION ESTABLISHED', 'DROP loc net tcp 25', 'ACCEPT loc net', '?SECTION INVALID', 'DROP net all', '?SECTION NEW', 'DNAT net loc:192.168.51.9:8080 tcp 80', 'REDIRECT loc 3128 tcp 80', 'ACCEPT net fw tcp 22', 'DROP net fw tcp 23', 'ACCEPT dmz net tcp 25',
    'ACCEPT loc net:www.example.com tcp 443', 'ACCEPT loc net tcp 25 1024:', 'ACCEPT loc net tcp 25 - - 10/min:5', 'ACCEPT fw net tcp 80 - - - :squid', 'ACCEPT loc net tcp 5000 - - - - - - timestart=08:00&timestop=12:00', 'ACCEPT loc:+bad net', 'ACCEPT loc net ipp2p', 'LOG:info loc net tcp 1',
    'QUEUE loc net tcp 2', 'Nosuch(ACCEPT) loc net', 'ACCEPT loc:$WHO net tcp 3', 'Invalid(DROP) net all tcp', '?IF $WILD', 'ACCEPT loc net tcp 4', '?ENDIF', '?BEGIN PERL', 'ACCEPT loc net tcp 666', '?END', '?INCLUDE more', 'ACCEPT loc:192.168.51.9 net tcp 26', 'ACCEPT loc net tcp 70000', 'nonsense', 'ACCEPT loc net tcp 7 - - - - 0x1', 'ACCEPT loc net !tcp')
  const imported = made(importShorewall([POLICY, rules]))
  t.same(told(imported.findings, 'lost').map((each) => each.replace(/ .*/, '')), ['rules:24', 'rules:27', 'rules:30', 'rules:2', 'rules:7', 'rules:8', 'rules:9', 'rules:11', 'rules:12', 'rules:13', 'rules:15', 'rules:16', 'rules:17', 'rules:18', 'rules:19', 'rules:20', 'rules:21', 'rules:22', 'rules:25', 'rules:32', 'rules:33', 'rules:34', 'rules:35'])
  t.same(told(imported.findings, 'implied').map((each) => each.replace(/ .*/, '')), ['rules:3', 'rules:5', 'rules:10', 'rules:23'])
  t.match(told(imported.findings, 'changed').filter((each) => each.startsWith('rules:14 ')), [/a rate limit/])
  const { packet } = await judge(t, imported)
  t.equal(packet('192.168.51.9 tcp/26 203.0.113.5'), 'accept loc-net-tcp-26')
  t.equal(packet('192.168.51.9 tcp/666 203.0.113.5'), 'drop default', 'no program is run, and none is read as rules')
})

t.test('a denial that is lost opens nothing: what would now be allowed is written switched off', async (t) => {
  const rules = file('rules', 'DROP loc net tcp 6660:6669 1024:', 'ACCEPT loc net tcp 6667', 'ACCEPT loc net tcp 25', 'ACCEPT loc fw tcp 6667', 'Strange loc fw', 'ACCEPT loc fw tcp 22', 'ACCEPT fw net tcp 22', '?IF $X', 'REJECT fw net', '?ENDIF', 'ACCEPT fw net tcp 23')
  const imported = made(importShorewall([file('policy', 'loc net ACCEPT', 'all all DROP'), rules]))
  const { packet, compiled } = await judge(t, imported)
  t.same(compiled.policy.rules.filter(({ enabled }) => !enabled).map(({ id }) => id), ['loc-net-tcp-6667', 'loc-fw-tcp-22', 'fw-net-tcp-23', 'policy-loc-net'])
  t.equal(packet('192.168.51.9 tcp/6667 203.0.113.5'), 'drop default')
  t.equal(packet('192.168.51.9 tcp/25 203.0.113.5'), 'accept loc-net-tcp-25')
  t.equal(packet('192.168.51.9 tcp/6667 192.168.51.254'), 'accept loc-fw-tcp-6667')
  t.match(told(imported.findings, 'changed').filter((each) => /enabled: false/.test(each)), [/rules:2 this allows what line 1 of `rules` closed/, /rules:6/, /rules:11/, /policy:1/])
})

t.test('zones, interfaces, hosts and params: names of other sorts, a DMZ with its network, variables', async (t) => {
  const imported = made(importShorewall([
    file('params', '# who', 'export NET_IF=enp1s0', 'MAIL="192.168.7.0/28"', 'BOTH="$MAIL,192.168.7.99"', 'WHEN=$(date)', 'rm -rf /', "ODD='$MAIL'"),
    file('zones', '#ZONE TYPE', 'firewall firewall', 'wan ipv4', 'lan ipv4', 'dmz:lan ipv4', 'guest ipv4'),
    file('interfaces', '?FORMAT 2', 'wan NET_IF physical=$NET_IF,dhcp', 'lan eth1 dhcp,routefilter', '- eth2', 'guest wlan0'),
    file('hosts', 'lan eth1:192.168.7.0/24', 'dmz eth2:192.168.8.0/25'),
    file('policy', 'lan wan DROP', 'dmz wan REJECT', 'lan dmz ACCEPT', 'all all DROP info'),
    file('rules', 'ACCEPT lan:$BOTH wan tcp 25', 'ACCEPT dmz wan tcp 53', 'ACCEPT lan dmz:192.168.8.5 tcp 80', 'ACCEPT lan $FW tcp 22', 'ACCEPT guest wan tcp 80', 'ACCEPT lan:$ODD wan'),
    file('snat', 'SNAT(203.0.113.9) 192.168.7.0/24 eth0'),
  ]))
  const { packet, compiled } = await judge(t, imported)
  const { gateway } = compiled.policy
  t.same(gateway.green.map((each) => each.interface), ['eth1', 'eth2'])
  t.same(gateway.red.map((each) => each.interface), ['enp1s0'])
  t.same(gateway.serve.text, ['dhcp'])
  for (const [got, wanted] of rows((row) => packet(row).split(' ')[0] ?? '', `
    192.168.7.5 tcp/25 203.0.113.5 => accept
    192.168.7.99 tcp/25 203.0.113.5 => accept
    192.168.7.16 tcp/25 203.0.113.5 => drop
    192.168.8.9 tcp/53 203.0.113.5 => accept
    192.168.8.9 tcp/25 203.0.113.5 => reject
    192.168.7.9 tcp/54 203.0.113.5 => drop
    192.168.7.9 tcp/80 192.168.8.5 => accept
    192.168.7.9 tcp/81 192.168.8.6 => accept
    192.168.8.9 tcp/80 192.168.7.9 => drop
    192.168.7.9 tcp/22 192.168.7.254 => accept
    192.168.8.9 tcp/22 192.168.8.126 => drop
  `)) t.equal(got, wanted)
  t.same(told(imported.findings, 'lost').map((each) => each.split(' ')[0]), ['params:5', 'params:6', 'interfaces:2', 'rules:5', 'rules:6', 'snat:1'])
})

t.test('the network of green is the one that the rules name', async (t) => {
  const green = async (...lines: readonly string[]): Promise<string[]> => {
    const { compiled } = await judge(t, made(importShorewall([file('rules', ...lines)])))
    return compiled.policy.gateway.green.map(({ address, prefix }) => `${[24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.')}/${prefix}`)
  }
  t.same(await green('ACCEPT loc net tcp 25'), ['192.168.51.254/24'])
  t.same(await green('ACCEPT loc:10.1.2.3 net tcp 25'), ['10.1.2.254/24'])
  t.same(await green('ACCEPT loc:10.1.2.254 net tcp 25'), ['10.1.2.1/24'])
  t.same(await green('ACCEPT loc:10.1.2.3 net tcp 25', 'DROP loc:10.1.9.0/24 net'), ['10.1.255.254/16'])
  const six = await judge(t, made(importShorewall([file('rules', 'ACCEPT loc:[2001:db8:51::5],192.168.7.3 net tcp 25', 'ACCEPT loc:<2001:db8:51::7> net:[2001:db8:9::]/48 tcp 26')])))
  for (const [got, wanted] of rows((row) => six.packet(row).split(' ')[0] ?? '', `
    192.168.7.3 tcp/25 203.0.113.5 => accept
    2001:db8:51::5 tcp/25 2001:db8:8::1 => accept
    2001:db8:51::6 tcp/25 2001:db8:8::1 => drop
    2001:db8:51::7 tcp/26 2001:db8:9::1 => accept
    2001:db8:51::7 tcp/26 2001:db8:8::1 => drop
  `)) t.equal(got, wanted)
})

t.test('files are known by their names, or their lines by their words', async (t) => {
  for (const names of [['policies', 'rules'], ['shorewall-policy.txt', 'my.rules'], ['a', 'b'], ['both', 'both']]) {
    const [first = '', second = ''] = names
    const { packet } = await judge(t, made(importShorewall([file(second, 'ACCEPT loc net tcp 25'), file(first, 'loc net REJECT')])))
    t.equal(packet('192.168.51.9 tcp/25 203.0.113.5'), 'accept loc-net-tcp-25', names.join())
    t.equal(packet('192.168.51.9 tcp/26 203.0.113.5'), 'reject default')
  }
  t.equal(problem(importShorewall([file('rules', '# nothing')])), 'rules: no line of a policy and no rule is in it')
  t.equal(problem(importShorewall([file('x', 'these are', 'words of a letter')])), 'x: no line of a policy and no rule is in it')
})

t.test('what stands in a file is data', async (t) => {
  const evil = '"} \u001b[2J\u202e , added: { action: allow } # \u2028- { name: x'
  const { compiled } = await judge(t, made(importShorewall([file('ru"les', `ACCEPT loc net tcp 25 # ${evil}`, `?COMMENT ${evil}`, 'ACCEPT loc net tcp 26', 'ACCEPT loc net:}evil:1{ tcp 27')])))
  t.same(compiled.policy.rules.map(({ id, remark }) => [id, remark]), [['loc-net-tcp-25', evil], ['loc-net-tcp-26', '"} \u001b[2J\u202e , added: { action: allow }']])
})
