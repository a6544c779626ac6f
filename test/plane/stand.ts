// A gateway in namespaces with the commands of the plane: each run as a process inside, its state in a folder of the test. Nothing here touches the
// machine's own rules.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../firewall/root.ts'
import type { Ran } from '../firewall/root.ts'
import type { Stage } from '../firewall/stage.ts'

export const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
export const BACKENDS = ['nft', 'iptables'] as const
export type BackendName = (typeof BACKENDS)[number]

export const HEAD = `version: 1
name: office
web: { default: allow }
gateway:
  green: { interface: green0, address: [192.168.51.254/24, "fd00:51::254/64"] }
  red: { interface: red0 }
`
export const ADMIN = '  admin: { mac: "02:51:00:00:00:ad", ports: [222] }\n'
const RULE = (name: string, from: string, to: string, services: string): string => `  - { name: ${name}, action: allow, from: ${from}, to: ${to}, services: ${services}, direct: true }\n`
/** Everybody reaches the gateway's 22, and mail past it. */
export const OPEN = `${HEAD}${ADMIN}rules:\n${RULE('shell', 'green', 'gateway', 'tcp/22')}${RULE('mail', 'green', 'internet', 'smtp')}`
/** Nobody but the admin reaches anything. */
export const SHUT = `${HEAD}${ADMIN}rules: []\n`
/** Nobody reaches anything. */
export const LOCKED = `${HEAD}rules: []\n`

export const FOREIGN = `iptables -N theirs; iptables -A theirs -s 198.51.100.7 -j DROP; iptables -A INPUT -s 198.51.100.1 -j DROP; iptables -A INPUT -j theirs
iptables -t nat -A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE; ip6tables -A FORWARD -s 2001:db8::7 -j DROP
nft add table inet theirs; nft add chain inet theirs c '{ type filter hook input priority 5; policy accept; }'; nft add rule inet theirs c ip saddr 198.51.100.9 drop`

export class Stand {
  readonly #stage: Stage
  readonly #folder: string
  readonly space: string
  /** a folder of tools that stands before the machine's */
  #path: string | undefined

  constructor(stage: Stage, folder: string, space = 'gw') {
    this.#stage = stage
    this.#folder = folder
    this.space = space
  }

  in(space: string): Stand {
    return new Stand(this.#stage, this.#folder, space)
  }

  get state(): string {
    return join(this.#folder, 'state')
  }

  policy(name: string, text: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, text)
    return path
  }

  /** A tool that does something else than the real one; its text is a shell's, `$real` the real one, `$here` true outside of throw-away namespaces. */
  tool(name: string, text: string): void {
    const bin = join(this.#folder, 'bin')
    mkdirSync(bin, { recursive: true })
    const real = run('sh', ['-c', `command -v ${name}`]).out.trim()
    const namespace = this.#stage.must(this.space, 'readlink /proc/self/ns/net').trim()
    writeFileSync(join(bin, name), `#!/bin/sh\nreal=${real}\nhere=false; [ "$(readlink /proc/self/ns/net)" = '${namespace}' ] && here=true\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
    this.#path = bin
  }

  realTools(): void {
    this.#path = undefined
  }

  #words(args: readonly string[], env: Readonly<Record<string, string>>): readonly string[] {
    const path = this.#path === undefined ? [] : [`PATH=${this.#path}:${process.env['PATH'] ?? ''}`]
    return ['netns', 'exec', this.#stage.space(this.space), 'env', '-u', 'SSH_CONNECTION', '-u', 'NODE_OPTIONS', ...path, ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      process.execPath, MAIN, 'firewall', ...args, '--state', this.state]
  }

  firewall(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
    return run('ip', this.#words(args, env))
  }

  /** In a process group of its own, as a shell makes one. */
  begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): Begun {
    return new Begun(spawn('ip', this.#words(args, env), { stdio: ['ignore', 'pipe', 'pipe'], detached: true }))
  }

  /** Of all tables and families, ours and others', without counters. */
  kernel(): string {
    return this.#stage.must(this.space, 'nft -s list ruleset; iptables-save; ip6tables-save')
      .replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '').replace(/ packets \d+ bytes \d+/g, '')
  }

  pending(): Readonly<Record<string, unknown>> | undefined {
    try {
      return JSON.parse(readFileSync(join(this.state, 'run', 'pending.json'), 'utf8')) as Readonly<Record<string, unknown>>
    } catch {
      return undefined
    }
  }

  token(): string {
    return String(this.pending()?.['token'])
  }

  watchdog(): number {
    return (this.pending()?.['watchdog'] as { readonly pid: number }).pid
  }

  /** `CLIENT PORT SERVER PORT` of the connections to this port that are open now. */
  sessions(port: number): readonly string[] {
    return this.#stage.must(this.space, `ss -Htn state established sport = :${port}`).split('\n').filter((line) => line !== '').map((line) => {
      const [, , local = '', peer = ''] = line.trim().split(/\s+/)
      const end = (text: string): string => text.replace(/^\[?(.*?)\]?:(\d+)$/, '$1 $2').replace('::ffff:', '')
      return `${end(peer)} ${end(local)}`
    })
  }
}

export class Begun {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  out = ''
  err = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.on('data', (chunk: Buffer) => {
      this.out += String(chunk)
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.err += String(chunk)
    })
    this.ended = new Promise((resolve) => child.on('exit', resolve))
  }

  async says(pattern: RegExp): Promise<void> {
    await until(`${pattern}`, () => {
      if (this.child.exitCode !== null && !pattern.test(this.out)) throw new Error(`ended without ${pattern}: ${this.out}${this.err}`)
      return pattern.test(this.out)
    })
  }

  /** Without a chance to do anything; `group`: with all that it started and that stayed with it. */
  kill(signal: NodeJS.Signals = 'SIGKILL', group = true): void {
    const { pid } = this.child
    if (pid !== undefined) process.kill(group ? -pid : pid, signal)
  }
}

export async function until(what: string, seen: () => boolean, ms = 40_000): Promise<void> {
  for (const end = performance.now() + ms; !seen(); await sleep(100)) if (performance.now() > end) throw new Error(`never: ${what}`)
}
