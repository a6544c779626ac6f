// A packet of the space that opens a flow: what a policy speaks of. Its state, its flags and its hop limit are those of a first packet.
import { DISCOVERY, firstState } from './first.ts'
import { HOP_LIMIT } from './packet.ts'
import type { State } from './packet.ts'
import { PORTS, serviceAt } from './service.ts'
import { CellPacket } from './space.ts'

const ON_LINK = 255

export class FirstPacket extends CellPacket {
  override get state(): State {
    return firstState(this.service)
  }

  override get syn(): boolean {
    return this.service <= PORTS.tcp.last
  }

  override get hopLimit(): number {
    const service = serviceAt(this.service)
    return service.protocol === 'icmp' && service.family === 6 && DISCOVERY.has(service.type) ? ON_LINK : HOP_LIMIT
  }

  override get reply(): boolean {
    return false
  }

  override get mark(): number {
    return 0
  }

  override get time(): number {
    return 0
  }

  override get noisy(): boolean {
    return false
  }
}
