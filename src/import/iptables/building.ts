// What the options of one rule are gathered in, and how a test is made. A test says yes, no, or that it cannot know.
import type { Mac } from '../../net/mac.ts'
import type { Range } from '../../net/network.ts'
import type { Fault, Fit, Probe, Target, Test } from './rule.ts'

export interface Building {
  tests: Test[]
  faults: Fault[]
  sources: Range[]
  destinations: Range[]
  ports: (readonly [number, number])[]
  types: number[]
  protocols: Probe['protocol'][]
  inCards: string[]
  outCards: string[]
  macs: Mac[]
  states: string[] | undefined
  used: Set<string>
  notFirst: boolean
  everybody: boolean
  target: Target | undefined
}

export const fit = (holds: boolean): Fit => (holds ? 'yes' : 'no')

export function test(not: boolean, holds: (probe: Probe) => boolean): Test {
  return { fits: (probe) => fit(holds(probe) !== not) }
}

export function unsure(what: string): Test {
  return { fits: () => 'maybe', unsure: what }
}
