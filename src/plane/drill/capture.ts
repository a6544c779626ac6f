// Sees what leaves towards red: a capture on its interface, outgoing packets alone, told by the address that each attempt had for itself. Danger
// prevented: "no answer" read as "stopped": a packet that left has left, whether anybody answers or not.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { packetHead } from '../../log/packet-head.ts'
import type { PacketHead } from '../../log/packet-head.ts'
import { PcapReader, ipPacket } from '../../log/pcap.ts'
import type { Ip } from '../../net/ip.ts'
import { toolEnvironment } from '../../kernel/tool-environment.ts'

const SETTLE_MS = 500
const MOST_ROUNDS = 8

/** The gateway itself may speak to an attempt's address, an ICMP error about what it could not deliver: only the attempt's own protocol counts. */
export function seenKey(to: Ip, protocol: PacketHead['protocol'], port: number | undefined): string {
  return protocol === 'icmp' ? `${to.text} icmp/${port ?? ''}` : `${to.text} ${protocol}`
}

export class Capture {
  /** `seenKey` of all that left */
  readonly seen = new Set<string>()
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** `inside`: how a program is started where the interface is. Throws where tcpdump is missing or may not. */
  static async start(inside: (command: string, args: readonly string[]) => readonly [string, readonly string[]], interfaceName: string, networks: readonly string[]): Promise<Capture> {
    const filter = networks.map((network) => `dst net ${network}`).join(' or ')
    const [command, args] = inside('tcpdump', ['-i', interfaceName, '-Q', 'out', '--immediate-mode', '-nn', '-p', '-U', '-s', '128', '-w', '-', filter])
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment(), cwd: '/' })
    const capture = new Capture(child)
    const reader = new PcapReader()
    child.stdout.on('data', (chunk: Buffer) => {
      for (const { bytes } of reader.push(chunk)) {
        const packet = ipPacket(reader.linktype, bytes)
        const head = packet === undefined ? undefined : packetHead(packet)
        if (head !== undefined) capture.seen.add(seenKey(head.target, head.protocol, head.port))
      }
    })
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code === 'ENOENT' ? 'tcpdump is not installed' : error.message)))
      child.once('exit', () => reject(new Error(said.trim().split('\n').at(-1) ?? 'tcpdump ended')))
      child.stderr.on('data', (chunk: Buffer) => {
        said += String(chunk)
        if (said.includes('listening on')) resolve()
      })
    })
    return capture
  }

  /** After the last packet was sent: until nothing has come for a while. */
  async settle(): Promise<void> {
    for (let before = -1, rounds = 0; this.seen.size !== before && rounds < MOST_ROUNDS; rounds++) {
      before = this.seen.size
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}
