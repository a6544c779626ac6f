// Namespaces with real packets: a switch, hosts on its green side, the gateway, and the red side with its servers. Every name begins
// with gg and this process's number; `close` takes all of it away.
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run } from './root.ts'
import type { Ran } from './root.ts'

/** `perl TRANSPARENT PORT COMMAND ...`: with transparent sockets, as systemd hands them over */
export const TRANSPARENT = join(import.meta.dirname, 'transparent.pl')
const PROBER = join(import.meta.dirname, 'prober.cjs')
const NODE = process.execPath

export interface Probe {
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
  readonly waitMs?: number
  readonly from?: string
}

export interface Flow {
  readonly host: string
  readonly port: number
  readonly way: 'down' | 'up'
  /** by a CONNECT to this proxy */
  readonly proxy?: { readonly host: string; readonly port: number }
}

export interface Host {
  readonly name: string
  readonly addresses: readonly string[]
  readonly mac?: string
}

let stages = 0

export class Stage {
  readonly #prefix = `gg${process.pid}x${stages++}`
  readonly #spaces: string[] = []
  readonly #children: ChildProcess[] = []

  space(name: string): string {
    return `${this.#prefix}${name}`
  }

  add(...names: readonly string[]): void {
    for (const name of names) {
      this.ip(`netns add ${this.space(name)}`)
      this.#spaces.push(name)
      this.ip(`-n ${this.space(name)} link set lo up`)
      // an address that is still being tried speaks to nobody: seconds that no test needs
      this.must(name, 'sysctl -q -w net.ipv6.conf.default.dad_transmits=0')
    }
  }

  ip(words: string): void {
    const { code, err } = run('ip', words.split(' '))
    if (code !== 0) throw new Error(`ip ${words}: ${err}`)
  }

  /** A cable between two namespaces, with addresses at its ends. */
  link(a: string, aName: string, b: string, bName: string): void {
    this.ip(`link add ${aName} netns ${this.space(a)} type veth peer name ${bName} netns ${this.space(b)}`)
    this.ip(`-n ${this.space(a)} link set ${aName} up`)
    this.ip(`-n ${this.space(b)} link set ${bName} up`)
  }

  address(space: string, name: string, addresses: readonly string[], mac?: string): void {
    if (mac !== undefined) this.ip(`-n ${this.space(space)} link set ${name} address ${mac}`)
    for (const address of addresses) this.ip(`-n ${this.space(space)} addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`)
  }

  exec(space: string, command: string, input = ''): Ran {
    return run('ip', ['netns', 'exec', this.space(space), 'sh', '-c', command], input)
  }

  must(space: string, command: string, input = ''): string {
    const { code, out, err } = this.exec(space, command, input)
    if (code !== 0) throw new Error(`${space}: ${command}: ${err}`)
    return out
  }

  start(space: string, command: string, args: readonly string[], options: { readonly env?: Readonly<Record<string, string>>; readonly stderr?: 'inherit' | 'pipe' } = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.space(space), command, ...args], {
      stdio: ['ignore', 'pipe', options.stderr ?? 'inherit'], ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
    })
    this.#children.push(child)
    return child
  }

  /** Servers that answer with their name, the port, and who asked. */
  async listen(space: string, name: string, tcp: readonly number[], udp: readonly number[]): Promise<void> {
    if (tcp.length + udp.length === 0) return
    const child = this.start(space, NODE, [PROBER, 'listen', JSON.stringify({ name, tcp, udp })])
    await this.said(child, 'ready')
  }

  /** One that answers for every address, at a transparent socket of this port: needs perl. */
  async listenTransparent(space: string, name: string, port: number): Promise<void> {
    await this.said(this.start(space, 'perl', [TRANSPARENT, String(port), NODE, PROBER, 'listen', JSON.stringify({ name, tcp: [], udp: [], fds: [3, 4] })]), 'ready')
  }

  /** Servers that send without end, or count what they are sent. */
  async flood(space: string, ports: readonly number[]): Promise<void> {
    await this.said(this.start(space, NODE, [PROBER, 'flood', JSON.stringify({ ports })]), 'ready')
  }

  /** How fast each goes, octets a second, between these instants (epoch milliseconds), at the first of which all must run. */
  flows(space: string, flows: readonly Flow[], [from, to]: readonly [number, number]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      execFile('ip', ['netns', 'exec', this.space(space), NODE, PROBER, 'flow', JSON.stringify(flows.map((flow) => ({ ...flow, from, to })))], (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${stderr}${error.message}`))
        else resolve(JSON.parse(stdout) as number[])
      })
    })
  }

  /** A web site at the address, and the name server that knows every name to be there. */
  async site(space: string, address: string): Promise<void> {
    await this.said(this.start(space, NODE, [PROBER, 'site', JSON.stringify({ address })]), 'ready')
  }

  /** Waits for a line that holds the text. */
  async said(child: ChildProcess, text: string, from: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    const stream = child[from]
    if (stream === null) throw new Error('no output')
    const before: string[] = []
    for await (const line of createInterface({ input: stream })) {
      if (line.includes(text)) {
        stream.resume()
        return
      }
      before.push(line)
    }
    throw new Error(`ended without \`${text}\`: ${before.join('\n')}`)
  }

  /** What came of each: the banner of who answered, `refused`, `reset`, `silence`. `uid`: as this user. */
  probe(space: string, probes: readonly Probe[], waitMs = 700, uid = 0): Promise<readonly string[]> {
    const spec = JSON.stringify({ uid, probes: probes.map((probe) => ({ waitMs, ...probe })) })
    return new Promise((resolve, reject) => {
      execFile('ip', ['netns', 'exec', this.space(space), NODE, PROBER, 'probe', spec], (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${stderr}${error.message}`))
        else resolve(JSON.parse(stdout) as string[])
      })
    })
  }

  /** A web site at each address, over TLS too. */
  async web(space: string, addresses: readonly string[], key: string, cert: string): Promise<void> {
    await this.said(this.start(space, NODE, [PROBER, 'web', JSON.stringify({ addresses, key, cert })]), 'ready')
  }

  /** A connection that lives on; what it said since it was asked last. */
  hold(space: string, host: string, port: number, protocol: 'tcp' | 'udp' = 'tcp'): () => string[] {
    const child = this.start(space, NODE, [PROBER, 'hold', JSON.stringify({ host, port, protocol })])
    let said: string[] = []
    child.stdout?.on('data', (data: Buffer) => said.push(...String(data).trim().split('\n')))
    return () => {
      const before = said
      said = []
      return before
    }
  }

  async close(): Promise<void> {
    const ended = this.#children.filter((child) => child.exitCode === null && child.signalCode === null).map((child) => new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill('SIGKILL')
    }))
    await Promise.all(ended)
    for (const name of this.#spaces) run('ip', ['netns', 'del', this.space(name)])
  }
}

/** The office of the article: hosts and the gateway on one switch, red with its servers behind the gateway. Routes lead back, so that what does not pass was stopped. */
export async function office(stage: Stage, hosts: readonly Host[]): Promise<void> {
  stage.add('sw', 'gw', 'red', ...hosts.map((host) => host.name))
  stage.ip(`-n ${stage.space('sw')} link add br0 type bridge`)
  stage.ip(`-n ${stage.space('sw')} link set br0 up`)
  stage.link('sw', 'up0', 'gw', 'green0')
  stage.ip(`-n ${stage.space('sw')} link set up0 master br0`)
  stage.address('gw', 'green0', ['192.168.51.254/24', 'fd00:51::254/64'])
  hosts.forEach((host, index) => {
    stage.link('sw', `p${index}`, host.name, 'eth0')
    stage.ip(`-n ${stage.space('sw')} link set p${index} master br0`)
    stage.address(host.name, 'eth0', host.addresses, host.mac)
    stage.ip(`-n ${stage.space(host.name)} route add default via 192.168.51.254`)
    stage.ip(`-n ${stage.space(host.name)} -6 route add default via fd00:51::254`)
  })
  stage.link('gw', 'red0', 'red', 'eth0')
  stage.address('gw', 'red0', ['203.0.113.1/24', '2001:db8:113::1/64'])
  stage.address('red', 'eth0', ['203.0.113.25/24', '2001:db8:113::25/64'])
  stage.ip(`-n ${stage.space('red')} route add 192.168.51.0/24 via 203.0.113.1`)
  stage.ip(`-n ${stage.space('red')} -6 route add fd00:51::/64 via 2001:db8:113::1`)
  stage.must('gw', 'sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1')
  // a link-local address that is still being tried asks for no neighbour: only then does the gateway pass IPv6 on
  const [host] = hosts
  for (let tries = 0; host !== undefined && tries < 30; tries++) if (stage.exec(host.name, 'ping -c 1 -W 1 2001:db8:113::25').code === 0) return
}
