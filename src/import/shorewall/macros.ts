// Shorewall's macros (5.2.8, /usr/share/shorewall/macro.*): what `Web(ACCEPT)` and `SSH/ACCEPT` stand for. Danger prevented: a macro known by
// its name alone, of which half the ports are forgotten.

/** `<` before a part: from the destination to the source. Parts by source port alone are left out: they are answers. */
const ROWS = `
AMQP tcp/5672 udp/5672|Amanda udp/10080 tcp/10080|Apcupsd tcp/3551|Auth tcp/113|BGP tcp/179|BitTorrent tcp/6881-6889 udp/6881
BitTorrent32 tcp/6881-6999 udp/6881|Bitcoin tcp/8333|BitcoinRPC tcp/8332|BitcoinRegtest tcp/18444|BitcoinTestnet tcp/18333|BitcoinTestnetRPC tcp/18332|BitcoinZMQ tcp/28332
CVS tcp/2401|Citrix tcp/1494 udp/1604 tcp/2598|Cockpit tcp/9090|DAAP tcp/3689 udp/3689|DCC udp/6277|DHCPfwd udp/67-68 <udp/67-68|DNS udp/53 tcp/53|Distcc tcp/3632
Edonkey tcp/4662 udp/4665|FTP tcp/21|Finger tcp/79|FreeIPA udp/53 tcp/53 tcp/80 tcp/443 tcp/88 udp/88 tcp/464 udp/464 tcp/389 tcp/636 udp/123
GNUnet tcp/2086 udp/2086 tcp/1080 udp/1080|GRE ip/47 <ip/47|Git tcp/9418|Gnutella tcp/6346 udp/6346|Goto-Meeting tcp/8200 tcp/80 tcp/443|HKP tcp/11371|HTTP tcp/80|HTTPS tcp/443
ActiveDir tcp/389 udp/389 tcp/636 tcp/3268 tcp/3269 tcp/88 udp/88 tcp/445 udp/445 tcp/135 tcp/5722 udp/123 tcp/464 udp/464 udp/138 tcp/9389 tcp/2535 udp/2535 udp/137 tcp/139
ICPV2 udp/3130|ICQ tcp/5190|ILO tcp/3002 tcp/9300 tcp/17988 tcp/17990 tcp/80 tcp/443 udp/3389 tcp/3389 tcp/22 tcp/23|IMAP tcp/143|IMAPS tcp/993|IPFS-API tcp/5001
IPFS-gateway tcp/8080|IPFS-swarm tcp/4001|IPIP ip/94 <ip/94
IPMI tcp/623 udp/623 tcp/3668 tcp/3669 tcp/5120 tcp/5122 tcp/5123 tcp/5900 tcp/5901 tcp/7578 tcp/8889 tcp/80 tcp/23 udp/161 tcp/3520 tcp/5124 tcp/5126 tcp/5127 tcp/7582 tcp/443 tcp/22
IPP tcp/631|IPPbrd udp/631|IPPserver tcp/631 <udp/631|IPsec udp/500 ip/50 <udp/500 <ip/50|IPsecah udp/500 ip/51 <udp/500 <ip/51|IPsecnat udp/500 udp/4500 ip/50 <udp/500 <udp/4500 <ip/50
IRC tcp/6667|JAP tcp/8080 tcp/6544 tcp/6543 tcp/443 tcp/22|Jabber tcp/5222|JabberPlain tcp/5222|JabberSecure tcp/5223|Jabberd tcp/5269|Jetdirect tcp/9100|Kerberos tcp/88 udp/88
Kpasswd tcp/464 udp/464|L2TP udp/1701 <udp/1701|LDAP tcp/389|LDAPS tcp/636|MSA tcp/587|MSNP tcp/1863|MSSQL tcp/1433 udp/1434|Mail tcp/25 tcp/465 tcp/587|MongoDB tcp/27017|Munin tcp/4949
MySQL tcp/3306|NFS tcp/111 tcp/2049 tcp/20048|NNTP tcp/119|NNTPS tcp/563|NTP udp/123|NTPbi udp/123 <udp/123|NTPbrd udp/123|ONCRPC tcp/111 udp/111|OSPF ip/89|OpenVPN udp/1194
PCA udp/5632 tcp/5631|POP3 tcp/110|POP3S tcp/995|PPtP ip/47 <ip/47 tcp/1723|Ping icmp/8|PostgreSQL tcp/5432|Printer tcp/515|Puppet tcp/8140|QUIC udp/80 udp/443|RDP udp/3389 tcp/3389
RIPbi udp/520 <udp/520|RNDC tcp/953|Razor tcp/2703|Rdate tcp/37|Redis tcp/6379|RedisCluster tcp/16379|RedisSecure tcp/6380|RedisSentinel tcp/26379|Rsync tcp/873|Rwhois tcp/4321
SANE tcp/6566|SIP udp/5060|SMB udp/135 udp/445 udp/137-139 tcp/135 tcp/139 tcp/445|SMBBI udp/135 udp/445 udp/137-139 tcp/135 tcp/139 tcp/445 <udp/135 <udp/445 <udp/137-139 <tcp/135 <tcp/139 <tcp/445
SMBswat tcp/901|SMTP tcp/25|SMTPS tcp/465|SNMP udp/161|SNMPtrap udp/162|SPAMD tcp/783|SSDP udp/1900|SSDPserver udp/1900|SSH tcp/22|SVN tcp/3690|Sieve tcp/4190
SixXS tcp/3874 udp/3740 ip/41 udp/5072 udp/8374|Squid tcp/3128|Submission tcp/587|Syslog udp/514 tcp/514|TFTP udp/69|Telnet tcp/23|Telnets tcp/992|Teredo udp/3544|Time tcp/37
Tinc udp/655 tcp/655|Tor tcp/9001|TorBrowserBundle tcp/9150|TorControl tcp/9051|TorDirectory tcp/9030|TorSocks tcp/9050|Trcrt udp/33434-33524 icmp/8|VNC tcp/5900-5909|VNCL tcp/5500
WUDO tcp/7680|Web tcp/80 tcp/443|Webcache tcp/8080|Webmin tcp/10000|Whois tcp/43|Xymon tcp/1984|Zabbix tcp/10050 <tcp/10051
`

export interface Macro {
  readonly there: readonly string[]
  /** from the destination to the source */
  readonly back: readonly string[]
}

function read(): ReadonlyMap<string, Macro> {
  const macros = new Map<string, Macro>()
  for (const row of ROWS.split(/[|\n]/)) {
    const [name = '', ...parts] = row.trim().split(' ')
    if (name === '') continue
    macros.set(name.toLowerCase(), { there: parts.filter((part) => !part.startsWith('<')), back: parts.flatMap((part) => (part.startsWith('<') ? [part.slice(1)] : [])) })
  }
  return macros
}

const macros = read()

/** Shorewall tells capitals from small letters; nobody means another macro by them. */
export function macro(name: string): Macro | undefined {
  return macros.get(name.toLowerCase())
}

/** Actions that deal with what the firewall's own head does before any rule: nothing is lost with them. */
const FIXED: ReadonlySet<string> = new Set([
  'invalid', 'notsyn', 'dropinvalid', 'dropnotsyn', 'rejnotsyn', 'dropsmurfs', 'tcpflags', 'established', 'related', 'broadcast', 'multicast', 'dropbcast', 'dropbcasts', 'dropmcast',
  'allowicmps', 'a_allowicmps', 'rst', 'fin',
])

export function isFixed(name: string): boolean {
  return FIXED.has(name.toLowerCase())
}
