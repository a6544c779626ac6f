// The proxies beside ours, as Debian packages them, each told the same: one network of clients, a hundred denied names, an access log, no cache, one
// worker. None of them is touched where it is installed: their files stand in a folder of the run.
import { spawnSync } from 'node:child_process'
import { accessSync, appendFileSync, chmodSync, constants, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DENIED } from './policies.ts'

export interface Place {
  readonly folder: string
  readonly port: number
  readonly origins: readonly number[]
  /** `127.0.0.1 NAME`, so that nobody asks a name server */
  readonly hosts: string
}

export interface Peer {
  readonly title: string
  readonly program: string
  /** found in what the program says of itself */
  readonly version: { readonly args: readonly string[]; readonly line: RegExp }
  /** how long it goes on arranging itself after its start, before its memory is looked at */
  readonly settleMs: number
  /** writes its files; the command */
  readonly prepare: (place: Place) => readonly string[]
}

const SQUID: Peer = {
  title: 'Squid',
  program: '/usr/sbin/squid',
  version: { args: ['-v'], line: /Version (\S+)/ },
  settleMs: 2_000,
  prepare({ folder, port, hosts }) {
    writeFileSync(join(folder, 'denied'), DENIED.map((name) => `.${name}\n`).join(''))
    writeFileSync(join(folder, 'squid.conf'), `http_port 127.0.0.1:${port}
acl clients src 127.0.0.0/8
acl denied dstdomain "${folder}/denied"
http_access deny denied
http_access allow clients
http_access deny all
cache deny all
cache_mem 0 MB
access_log stdio:${folder}/access.log squid
cache_log ${folder}/cache.log
pid_filename none
hosts_file ${hosts}
pinger_enable off
coredump_dir ${folder}
max_filedescriptors 25000
shutdown_lifetime 0 seconds
logfile_rotate 0
buffered_logs on
workers 1
`)
    // started by root it goes on as the user of its package, who must be able to write here
    if (process.getuid?.() === 0) spawnSync('chown', ['-R', 'proxy', folder])
    return ['/usr/sbin/squid', '-N', '-f', join(folder, 'squid.conf')]
  },
}

const TINYPROXY: Peer = {
  title: 'tinyproxy',
  program: '/usr/bin/tinyproxy',
  version: { args: ['-v'], line: /tinyproxy (\S+)/ },
  settleMs: 2_000,
  prepare({ folder, port }) {
    writeFileSync(join(folder, 'filter'), DENIED.map((name) => `(^|\\.)${name.replaceAll('.', '\\.')}$\n`).join(''))
    writeFileSync(join(folder, 'tinyproxy.conf'), `Port ${port}
Listen 127.0.0.1
Timeout 600
MaxClients 11000
Allow 127.0.0.0/8
LogFile "${folder}/log"
LogLevel Connect
Filter "${folder}/filter"
FilterExtended On
`)
    return ['/usr/bin/tinyproxy', '-d', '-c', join(folder, 'tinyproxy.conf')]
  },
}

const TRAFFIC_SERVER: Peer = {
  title: 'Traffic Server',
  program: '/usr/bin/traffic_server',
  version: { args: ['-V'], line: /Traffic Server (\S+)/ },
  settleMs: 12_000,
  prepare({ folder, port, origins, hosts }) {
    for (const name of ['log', 'run', 'cache', 'share']) mkdirSync(join(folder, name))
    cpSync('/etc/trafficserver', join(folder, 'etc'), { recursive: true })
    for (const name of ['etc', 'etc/records.config', 'etc/remap.config']) chmodSync(join(folder, name), 0o755)
    writeFileSync(join(folder, 'runroot.yaml'), Object.entries({
      prefix: folder, exec_prefix: folder, bindir: '/usr/bin', sbindir: '/usr/sbin', sysconfdir: `${folder}/etc`, datadir: `${folder}/share`, includedir: folder,
      libdir: '/usr/lib/trafficserver', libexecdir: '/usr/lib/trafficserver/modules', localstatedir: `${folder}/run`, runtimedir: `${folder}/run`, logdir: `${folder}/log`,
      mandir: `${folder}/share`, infodir: `${folder}/share`, cachedir: `${folder}/cache`,
    }).map(([key, value]) => `${key}: ${value}\n`).join(''))
    const set = (name: string, kind: 'INT' | 'STRING', value: string | number): string => `CONFIG proxy.config.${name} ${kind} ${value}\n`
    appendFileSync(join(folder, 'etc', 'records.config'), '\n' + [
      set('http.server_ports', 'STRING', `${port}:ip-in=127.0.0.1`),
      set('exec_thread.autoconfig.enabled', 'INT', 0), set('exec_thread.limit', 'INT', 1), set('accept_threads', 'INT', 0), set('task_threads', 'INT', 1),
      set('http.cache.http', 'INT', 0), set('url_remap.remap_required', 'INT', 0), set('reverse_proxy.enabled', 'INT', 0),
      set('http.connect_ports', 'STRING', origins.join(' ')), set('hostdb.host_file.path', 'STRING', hosts),
      set('log.logging_enabled', 'INT', 3), set('net.connections_throttle', 'INT', 25_000), set('admin.user_id', 'STRING', '#-1'),
      set('http.transaction_no_activity_timeout_in', 'INT', 600), set('http.transaction_no_activity_timeout_out', 'INT', 600), set('diags.debug.enabled', 'INT', 0),
    ].join(''))
    appendFileSync(join(folder, 'etc', 'remap.config'), '\n' + DENIED.map((name) => `map http://${name}/ http://127.0.0.1:1/\n`).join(''))
    return ['env', `TS_RUNROOT=${folder}/runroot.yaml`, '/usr/bin/traffic_server']
  },
}

export const PEERS: Readonly<Record<string, Peer>> = { squid: SQUID, tinyproxy: TINYPROXY, trafficserver: TRAFFIC_SERVER }

/** Undefined: it is not installed. */
export function versionOf({ program, version }: Peer): string | undefined {
  try {
    accessSync(program, constants.X_OK)
  } catch {
    return undefined
  }
  const { stdout, stderr } = spawnSync(program, version.args, { encoding: 'utf8', timeout: 10_000 })
  return version.line.exec(`${stdout}${stderr}`)?.[1] ?? 'of an unknown version'
}
