// Debian's Squid as a plain forward proxy for the same cases: no cache, all of loopback open, the same names.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostsFile, type Proxy } from './run.ts'

export interface Peer extends Proxy {
  readonly version: string
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => resolve(false))
  })
}

export async function startSquid(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'gg-squid-'))
  const port = await freePort()
  writeFileSync(join(folder, 'hosts'), hostsFile())
  writeFileSync(join(folder, 'squid.conf'), `http_port 127.0.0.1:${port}
acl local src 127.0.0.0/8
http_access allow local
http_access deny all
cache deny all
cache_mem 0 MB
access_log none
cache_log ${folder}/cache.log
pid_filename none
hosts_file ${folder}/hosts
dns_nameservers 127.0.0.1
pinger_enable off
coredump_dir ${folder}
shutdown_lifetime 0 seconds
connect_timeout 3 seconds
read_timeout 3 seconds
workers 1
`)
  spawnSync('chown', ['-R', 'proxy', folder])
  const child = spawn('squid', ['-N', '-f', join(folder, 'squid.conf')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  for (let look = 0; look < 200 && !(await answers(port)); look++) await new Promise((resolve) => setTimeout(resolve, 50))
  const version = /Version (\S+)/.exec(spawnSync('squid', ['-v'], { encoding: 'utf8' }).stdout)?.[1] ?? 'unknown'
  return {
    host: '127.0.0.1',
    port,
    version,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
