// A gateway's surroundings in network namespaces: this process is the gateway, on its green side a namespace of clients, on its red side
// one in which every address answers. Runs inside `unshare --net --mount`; nothing outside sees any of it.
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Policy } from '../../src/policy/policy.ts'
import { ipFromValue } from '../../src/net/ip.ts'
import { ask } from './asker.ts'
import type { Answer, Question } from './asker.ts'

const ORIGIN_PORT = 9999
/** between the gateway and the internet; no case names it */
const RED = { near: ['10.255.99.1/30', 'fdff:99::1/64'], far: ['10.255.99.2/30', 'fdff:99::2/64'], via: ['10.255.99.2', 'fdff:99::2'] }

export interface Surroundings {
  ask(question: Question): Promise<Answer>
  /** what the kernel will say of clients on the green side */
  readonly mac: string
  close(): void
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** An empty namespace that lives as long as its process. */
async function namespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' })
  const own = readlinkSync('/proc/self/ns/net')
  for (let tries = 0; tries < 200; tries++) {
    try {
      if (readlinkSync(`/proc/${child.pid}/ns/net`) !== own) return child
    } catch {
      // not there yet
    }
    await sleep(10)
  }
  throw new Error('no namespace')
}

function inside(space: ChildProcess, command: string, ...args: readonly string[]): void {
  execFileSync('nsenter', [`--net=/proc/${space.pid}/ns/net`, command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** `clients`: IPv4 addresses on the green side; `hosts`: a hosts file for the gateway. */
export async function surroundings(policy: Policy, clients: readonly string[], hosts: string, folder: string): Promise<Surroundings> {
  ip('link', 'set', 'lo', 'up')
  const far = await namespace()
  ip('link', 'add', 'gg-red', 'type', 'veth', 'peer', 'name', 'gg-far', 'netns', String(far.pid))
  for (const address of RED.near) ip('addr', 'add', address, 'dev', 'gg-red', ...(address.includes(':') ? ['nodad'] : []))
  ip('link', 'set', 'gg-red', 'up')
  inside(far, 'ip', 'link', 'set', 'lo', 'up')
  for (const address of RED.far) inside(far, 'ip', 'addr', 'add', address, 'dev', 'gg-far', ...(address.includes(':') ? ['nodad'] : []))
  inside(far, 'ip', 'link', 'set', 'gg-far', 'up')
  // every address is this namespace's own, save those of the link
  inside(far, 'ip', '-4', 'route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo', 'table', 'main')
  inside(far, 'ip', '-6', 'route', 'add', 'local', '::/0', 'dev', 'lo', 'table', 'main')
  for (const iptables of ['iptables', 'ip6tables']) inside(far, iptables, '-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports', String(ORIGIN_PORT))
  ip('-4', 'route', 'add', 'default', 'via', RED.via[0] ?? '')
  ip('-6', 'route', 'add', 'default', 'via', RED.via[1] ?? '')
  const origin = spawn('nsenter', [`--net=/proc/${far.pid}/ns/net`, process.execPath, join(import.meta.dirname, 'origin.ts'), String(ORIGIN_PORT)], { stdio: 'ignore' })

  const green = await namespace()
  ip('link', 'add', 'gg-green', 'type', 'veth', 'peer', 'name', 'gg-lan', 'netns', String(green.pid))
  ip('link', 'set', 'gg-green', 'up')
  for (const { family, address, prefix } of policy.gateway.green) ip('addr', 'add', `${ipFromValue(family, address).text}/${prefix}`, 'dev', 'gg-green', ...(family === 6 ? ['nodad'] : []))
  inside(green, 'ip', 'link', 'set', 'lo', 'up')
  inside(green, 'ip', 'link', 'set', 'gg-lan', 'up')
  const mac = '02:51:00:00:00:07'
  inside(green, 'ip', 'link', 'set', 'gg-lan', 'address', mac)
  const prefix = policy.gateway.green.find(({ family }) => family === 4)?.prefix ?? 24
  for (const client of clients) inside(green, 'ip', 'addr', 'add', `${client}/${prefix}`, 'dev', 'gg-lan')

  writeFileSync(join(folder, 'hosts'), hosts)
  execFileSync('mount', ['--bind', join(folder, 'hosts'), '/etc/hosts'])

  const asker = spawn('nsenter', [`--net=/proc/${green.pid}/ns/net`, process.execPath, join(import.meta.dirname, 'asker.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = lines(createInterface({ input: asker.stdout }))
  return {
    mac,
    async ask(question) {
      if (/^127\.|^::1$/.test(question.client)) return ask(question)
      asker.stdin.write(`${JSON.stringify(question)}\n`)
      const { value } = await answers.next()
      if (typeof value !== 'string') throw new Error('the asker ended')
      return JSON.parse(value) as Answer
    },
    close() {
      for (const child of [asker, origin, green, far]) child.kill()
      execFileSync('umount', ['/etc/hosts'])
    },
  }
}

function lines(reader: Interface): AsyncIterator<string> {
  return reader[Symbol.asyncIterator]()
}
