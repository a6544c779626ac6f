// The units of systemd, as text: what is loaded before the network is up, who keeps it at its hours, who mends it, root's hand, and the gateway itself without any
// capability but the port below 1024. Danger prevented: a gateway that forwards before its rules are there, and a proxy that could change them.

export interface UnitWords {
  /** the words that start this program, absolute */
  readonly program: readonly string[]
  /** absolute; absent: the package's own */
  readonly policy?: string
  readonly user: string
  /** the port that catches, where the policy has a transparent proxy */
  readonly transparent?: number
}

export interface Unit {
  readonly name: string
  readonly text: string
}

/** A word of ExecStart: quoted, `%` and `$` as themselves. */
function word(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w./:=@%$+-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function line({ program }: UnitWords, ...args: readonly string[]): string {
  return [...program, ...args].map(word).join(' ')
}

const CONFINED = `NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes`

function boot(words: UnitWords): Unit {
  const policy = words.policy === undefined ? [] : ['--policy', words.policy]
  return {
    name: 'greengate-firewall.service',
    text: `# Before any interface is up: the rules that were confirmed last; where they do not load, all is closed but for the admin.
[Unit]
Description=Greengate: the confirmed packet filter
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${line(words, 'firewall', 'boot', ...policy)}

[Install]
WantedBy=sysinit.target
`,
  }
}

function keep(words: UnitWords): Unit {
  return {
    name: 'greengate-keep.service',
    text: `# The confirmed rules at their hours. Where it is dead, the kernel's own clock ends what was allowed for a while.
[Unit]
Description=Greengate: the packet filter at its hours
After=greengate-firewall.service

[Service]
ExecStart=${line(words, 'firewall', 'keep')}
Restart=always
RestartSec=1
# the namespaces that rules are tried in; the socket of a gateway that is another user's
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_DAC_OVERRIDE

[Install]
WantedBy=multi-user.target
`,
  }
}

function watch(words: UnitWords): Unit {
  return {
    name: 'greengate-watch.service',
    text: `# The rules that were applied, written anew where another program or a hand has changed them. What our own commands change is no drift.
[Unit]
Description=Greengate: the packet filter as it was applied
After=greengate-firewall.service

[Service]
ExecStart=${line(words, 'firewall', 'watch', '--repair')}
Restart=always
# where nothing was applied yet it ends, and looks again
RestartSec=10
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW

[Install]
WantedBy=multi-user.target
`,
  }
}

function helper(words: UnitWords): Unit {
  return {
    name: 'greengate-helper.service',
    text: `# Root's hand for who keeps the rules without root (\`greengate firewall keep --helper\`): compiled rules of the confirmed policy, and nothing else.
[Unit]
Description=Greengate: loads the confirmed policy's rules
After=greengate-firewall.service

[Service]
ExecStart=${line(words, 'firewall', 'helper', '--owner', words.user)}
Restart=always
RestartSec=1
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_CHOWN CAP_DAC_OVERRIDE
`,
  }
}

export const TRANSPARENT = 'greengate-transparent.socket'

function transparent(port: number): Unit {
  return {
    name: TRANSPARENT,
    text: `# What the packet filter catches for the proxy: a socket that takes connections to any address is root's to open, and is handed to the proxy.
[Unit]
Description=Greengate: web connections that are caught
Before=greengate.service

[Socket]
ListenStream=0.0.0.0:${port}
ListenStream=[::]:${port}
BindIPv6Only=ipv6-only
Transparent=yes
Backlog=1024
Service=greengate.service

[Install]
WantedBy=sockets.target
`,
  }
}

function gateway(words: UnitWords): Unit {
  const policy = words.policy === undefined ? [] : ['--policy', words.policy]
  const catching = words.transparent === undefined ? '' : ` ${TRANSPARENT}`
  return {
    name: 'greengate.service',
    text: `# The proxy: a user of its own, and no capability but to listen below port 1024.
[Unit]
Description=Greengate: the proxy
Wants=network-online.target${catching}
After=network-online.target greengate-firewall.service${catching}

[Service]
User=${words.user}
ExecStart=${line(words, 'serve', ...policy, '--event-log', '-')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
RuntimeDirectory=greengate
RuntimeDirectoryPreserve=yes
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
LimitNOFILE=65536
${CONFINED}

[Install]
WantedBy=multi-user.target
`,
  }
}

export function units(words: UnitWords): readonly Unit[] {
  return [boot(words), keep(words), watch(words), helper(words), ...(words.transparent === undefined ? [] : [transparent(words.transparent)]), gateway(words)]
}
