// The blocks of a policy by client: who may not use which port, whatever `rules` say. Danger prevented: a client that is cut off in
// the packet filter and goes on through the proxy.
import type { Ip } from '../net/ip.ts'
import type { BlockEntry } from '../lists/blocks.ts'
import type { Policy, PortRange, ServiceSet } from '../policy/policy.ts'
import type { Refused } from './cause.ts'
import type { PacketFacts } from './facts.ts'
import { hasPort, holdsPacket, tcpPorts } from './port-set.ts'

export interface Block {
  readonly services: ServiceSet | undefined
  /** of the line; undefined: every port that `services` has */
  readonly port: number | undefined
  readonly tcp: readonly PortRange[]
  readonly refused: Refused
}

export type Blocks = ReadonlyMap<string, readonly Block[]>

const NO_BLOCKS: readonly Block[] = []

export function compileBlocks(policy: Policy, entries: ReadonlyMap<string, readonly BlockEntry[]>, proxyPort: number): Blocks {
  const byClient = new Map<string, Block[]>()
  for (const source of policy.blocks) {
    const read = entries.get(source.name)
    if (read === undefined) throw new Error(`the block \`${source.name}\` was not loaded`)
    for (const entry of read) {
      const { address, port, line, remark } = entry
      const what = port !== undefined ? `port ${port}` : source.services !== undefined ? source.services.text.join(', ') : 'the network'
      const block: Block = {
        services: source.services,
        port,
        tcp: port !== undefined && source.services === undefined ? [{ first: port, last: port }] : source.services === undefined ? EVERY_PORT : tcpPorts(source.services, proxyPort),
        refused: {
          cause: { by: 'blocks', kind: 'blocks', place: { file: source.file, line, column: 1 }, reason: `${address.text} may not use ${what}${remark === undefined ? '' : `: ${remark}`}` },
          firm: false,
        },
      }
      const known = byClient.get(address.text)
      if (known === undefined) byClient.set(address.text, [block])
      else known.push(block)
    }
  }
  return byClient
}

const EVERY_PORT: readonly PortRange[] = [{ first: 0, last: 65535 }]

export function blocksOf(blocks: Blocks, client: Ip): readonly Block[] {
  return blocks.get(client.text) ?? NO_BLOCKS
}

/** The first block that closes the TCP port. */
export function blockedPort(blocks: readonly Block[], port: number): Block | undefined {
  for (const block of blocks) if ((block.port === undefined || block.port === port) && hasPort(block.tcp, port)) return block
  return undefined
}

/** The first block that holds the packet; a port without services means TCP and UDP. */
export function blockedPacket(blocks: readonly Block[], packet: PacketFacts, proxyPort: number): Block | undefined {
  return blocks.find((block) => {
    if (block.port !== undefined && (packet.port !== block.port || (packet.protocol !== 'tcp' && packet.protocol !== 'udp'))) return false
    return block.services === undefined || holdsPacket(block.services, packet, proxyPort)
  })
}
