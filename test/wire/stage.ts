// Many cases before one proxy: each has its own origin, client address and connection, some at a time.
import type { CaseFile, WireCase } from './case.ts'
import { fits, runCase, type Path, type Proxy, type Way } from './run.ts'
import type { Cut } from './speaker.ts'

/** One way in which a case is tried. */
export interface Trial {
  readonly wire: WireCase
  readonly path: Path
  readonly cut: Cut
  readonly originCut: Cut
}

export interface Tried extends Trial {
  readonly differences: readonly string[]
  /** the client's address, by which records are told apart */
  readonly from: string
}

/** How the client's and the origin's octets are cut into writes. */
const CUTS: readonly (readonly [Cut, Cut])[] = [['whole', 'whole'], ['octets', 'octets'], [1, 1], [23, 17], ['whole', 'octets']]

/** Where a case is about the origin's octets: the client's are sent whole. */
const RESPONSE_CUTS: typeof CUTS = [['whole', 'whole'], ['whole', 'octets'], ['whole', 17]]

/** Every way to try a case: whole and cut, plain and inside a CONNECT to 80. */
export function trialsOf(wire: WireCase, side?: CaseFile['side']): Trial[] {
  const trials: Trial[] = []
  for (const path of ['plain', 'inside'] as const) {
    if (!fits(wire, path)) continue
    for (const [cut, originCut] of side === 'response' ? RESPONSE_CUTS : CUTS) trials.push({ wire, path, cut, originCut })
  }
  return trials
}

const AT_ONCE = 24
let clients = 0

export async function tryAll(trials: readonly Trial[], proxy: Proxy, peer = false): Promise<Tried[]> {
  const tried: Tried[] = []
  let next = 0
  const lane = async (place: number): Promise<void> => {
    for (let trial = trials[next++]; trial !== undefined; trial = trials[next++]) {
      const { wire, path, cut, originCut } = trial
      const client = ++clients
      const from = `127.80.${client >> 8}.${client & 255}`
      const way: Way = { path, cut, originCut, place, from, peer }
      const { expect, either = [], or = [] } = wire
      let differences: readonly string[]
      try {
        differences = await runCase(wire, proxy, way, peer ? [expect, ...either, ...or] : [expect, ...either])
      } catch (error) {
        differences = [`the trial itself failed: ${error instanceof Error ? error.message : String(error)}`]
      }
      tried.push({ ...trial, differences, from })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => lane(at + 1)))
  return tried
}
