// The services known by name: IANA's names and those the field still uses, with the protocols that the service speaks in
// practice. In the package and not from /etc/services, so that one policy means the same ports on every machine.
//
// A row is `names port[-port]`; names of one service are joined by `=`, the first is the one that is told back to people.

/** Spoken over TCP. */
export const TCP_ROWS = `
tcpmux 1|rje 5|systat 11|netstat 15|qotd 17|ftp-data 20|ftp 21|ssh=sftp=scp 22|telnet 23|smtp 25|rlp 39
whois=nicname 43|tacacs 49|la-maint 51|xns-time 52|gopher 70|netrjs-1 71|finger 79|http=www 80|hosts2-ns 81
supdup 95|hostnames 101|iso-tsap=tsap 102|acr-nema 104|csnet-ns 105|poppassd 106|rtelnet 107|pop2=pop-2=postoffice 109
pop3=pop=pop-3 110|auth=ident=authentication 113|uucp-path 117|nntp=readnews 119|pwdgen 129
epmap=loc-srv=msrpc=dce-rpc 135|netbios-ssn 139|imap=imap2=imap4 143|sql-net 150|pcmail-srv 158|mailq 174|nextstep 178|bgp 179
smux 199|qmtp 209|z3950=wais 210|imap3 220|ulistserv 372|unidata-ldm 388|ldap 389|netware-ip 396
https=http-tls=http-ssl 443|snpp 444|microsoft-ds=smb=cifs=samba 445
submissions=smtps=ssmtp=smtp-tls 465|saft 487|rexec 512|rlogin 513|rsh 514|printer=lpd 515
uucp=uucpd 540|klogin 543|kshell 544|afpovertcp=afp 548|rtsp 554|remotefs 556|nntps=snntp 563|submission=msa 587
http-rpc-epmap 593|ipp=cups 631|ldaps=ldap-tls 636|msdp 639|silc 706|kerberos-adm=kadmin 749|moira-db 775|spamd 783
mdbs_daemon=mdbs-daemon=mdbs 800|domain-s=dot=dns-over-tls 853|supfilesrv 871|rsync 873|swat 901|ftps-data 989
ftps 990|telnets 992|imaps=imap-tls 993|ircs-old 994|pop3s=pop3-tls 995|socks=socks5=socks4 1080|rmiregistry=rmi 1099
xtel 1313|lotusnote=lotusnotes 1352|citrix-ica=ica 1494|ms-sql-s=mssql=ms-sql 1433|ingreslock 1524|oracle=oracle-db=tns 1521
groupwise 1677|h323=h323hostcall 1720|pptp 1723|msnp=msn-messenger 1863|rtmp=macromedia-fcs 1935|cisco-sccp=sccp 2000
kx 2111|docker 2375|docker-s=docker-tls 2376|etcd-client=etcd 2379|etcd-server 2380|cvspserver=cvs 2401
mon 2583|dict 2628|netsupport 5405|gsiftp 2811|gpsd 2947|gds-db=firebird=interbase 3050|squid=squid-http 3128|globalcat=msft-gc 3268
globalcat-s=msft-gc-ssl 3269|iscsi-target=iscsi 3260|mysql=mariadb 3306|ms-wbt-server=rdp 3389|distcc 3632|daap 3689|svn=subversion 3690
suucp 4031|sieve=managesieve 4190|epmd 4369|ntske=nts-ke=ntp-ke 4460|radmin-port=radmin 4899|edonkey=emule 4662
munin=lrrd 4949|aol=aim=oscar 5190|xmpp-client=jabber-client=jabber=xmpp 5222
xmpp-client-tls=jabber-ssl 5223|xmpp-server=jabber-server 5269|postgresql=postgres=pgsql 5432
pcanywheredata=pcanywhere 5631|nrpe 5666|nsca 5667|amqps 5671|amqp=rabbitmq 5672|vnc-http 5800|vnc=rfb 5900|wsman=winrm 5985
wsmans=winrm-tls 5986|couchdb 5984|privoxy 8118|x11 6000-6063|gnutella-rtr 6347|redis 6379|syslog-tls 6514|sane-port=sane 6566|irc=ircd 6667
ircs-u=ircs=ircd-tls 6697|bittorrent=bt 6881-6999|bbs 7000|font-service=xfs 7100|http-8000=irdmi 8000
ajp=ajp13 8009|https-alt=pcsync-https 8443|http-alt=webcache=http-proxy-alt 8080|tproxy 8081|puppet 8140
bitcoin 8333|minecraft 25565|xmms2 9667|cassandra 9042|bacula-dir 9101|bacula-fd 9102|bacula-sd 9103|jetdirect=pdl-datastream=hp-pdl 9100
prometheus 9090|kafka 9092|elasticsearch 9200|git 9418|tor-orport=tor 9001|tor-socks 9050|zabbix-agent 10050|zabbix-trapper 10051
amanda 10080|webmin 10000|hkp=pgpkeyserver 11371|nbd 10809|db-lsp=dropbox-lan 17500|binkp 24554|mongodb=mongo 27017
kazaa=fasttrack 1214|napster 6699|yahoo=yahoo-messenger=ymsg 5050|ms-olap 2383|mqtt 1883
mqtts=secure-mqtt 8883|stomp 61613|nats 4222|consul 8500|vault 8200|kubernetes=kube-apiserver 6443|kubelet 10250|grafana 3000
zookeeper 2181|hylafax 4559|fax 4557|nomachine=nx 4000|teamviewer 5938|anydesk 7070|spice 5930|proxmox 8006|cpanel 2083
plex 32400|steam-tcp 27015-27030|soulseek 2234|directconnect 411-412|remctl 4373
`

/** Spoken over UDP. */
export const UDP_ROWS = `
bootps=dhcps 67|bootpc=dhcpc 68|tftp 69|ntp=sntp 123|netbios-ns=nbns=nmbd 137|netbios-dgm 138|snmp 161|snmp-trap=snmptrap 162
xdmcp 177|ipx 213|ptp-event 319|ptp-general 320|cldap 389|svrloc=slp 427|quic=http3=http-3=https-udp 443|isakmp=ike=ipsec-ike 500|biff=comsat 512
who=rwho=whod 513|syslog 514|talk 517|ntalk 518|route=rip=router 520|ripng 521|timed 525|dhcpv6-client 546|dhcpv6-server 547|rtsp-udp 554
asf-rmcp=ipmi 623|doq=dns-over-quic 853|ms-sql-m 1434|l2tp=l2f 1701|ssdp=upnp-discovery 1900|hsrp 1985|radius=radius-auth 1812|radius-acct=radacct 1813
radius-old=datametrics 1645|radius-acct-old=sa-msg-port 1646|icpv2=icp 3130|teredo 3544|ipsec-nat-t=nat-t 4500|iax 4569|mdns=zeroconf=bonjour 5353
llmnr 5355|nat-pmp=pcp 5351|capwap-control 5246|capwap-data 5247|sflow 6343|netflow 2055|afs3-callback 7001|afs3-fileserver 7000
wireguard=wg 51820|tailscale 41641|zerotier 9993|vxlan 4789|geneve 6081|gtp-c 2123|gtp-u 2152|babel 6696|coap 5683|coaps 5684
bacnet 47808|artnet 6454|minecraft-pe 19132|sap-announce 9875|traceroute 33434-33534|rdp-udp 3389
lwapp-control 12223|collectd 25826|statsd 8125|gelf 12201
`

/** Spoken over both: a name means both. */
export const BOTH_ROWS = `
echo 7|discard 9|daytime 13|msp 18|chargen=ttytst 19|time=timserver 37|domain=dns=nameserver 53|whois++=whoispp 63
kerberos=kerberos5=krb5=kdc 88|sunrpc=portmapper=rpcbind=portmap 111|cmip-man 163|cmip-agent 164|mobileip-agent 434|at-rtmp 201
kpasswd=kpasswd5 464|ldp 646|tinc 655|kerberos4=kerberos-iv 750|iscsi-port 860|openvpn 1194|nfs 2049|rtcm-sc104 2101|codasrv 2432
isns 3205|stun=turn 3478|nut 3493|bfd-control 3784|sip 5060|sip-tls=sips 5061|stuns=turns 5349|gnutella-svc=gnutella 6346|ipfix 4739
mumble=murmur 64738|teamspeak 9987|netbios 137-139|xmpp-bosh 5280|gnunet 2086|memcached=memcache 11211
`
