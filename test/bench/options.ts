// The bench's command line. Danger prevented: a misspelt case that is left out in silence, and a table that somebody then believes to be whole.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CASES } from './cases.ts'
import type { Case } from './cases.ts'
import { PEERS } from './peers.ts'
import { POLICIES } from './policies.ts'

export interface Options {
  readonly cases: readonly Case[]
  readonly peers: readonly string[]
  /** files, or names of `POLICIES`; the first is the one that all is compared with */
  readonly policies: readonly string[]
  readonly workers: readonly number[]
  readonly events: boolean
  readonly store: boolean
  readonly compare: string | undefined
  /** of every case, in place of its own */
  readonly rounds: number | undefined
  /** of the length of every round */
  readonly scale: number
  readonly generator: 'c' | 'ts' | undefined
  readonly json: string | undefined
}

export const USAGE = `npm run bench -- [options]      Greengate beside other proxies, a table with ratios of one run
npm run bench -- decisions      what a decision costs by rules, list entries and expressions

  --cases LIST       of ${CASES.map(({ name }) => name).join(',')} (default: all)
  --rounds N         rounds of each case, taken in turn (default: 3 to 5, by case)
  --peers LIST       of ${Object.keys(PEERS).join(',')}; none: ours alone (default: those that are installed; with --compare none)
  --policy FILE      a policy of your own, or ${POLICIES.join(', ')}; more than one by commas (default: plain)
  --workers LIST     of ours: 1,2 measures both (default: 1)
  --events           measure ours with the event log too
  --store            measure ours with the store too
  --compare REV      measure this tree against another revision, in turn
  --json FILE        write every round to a file
  --scale X          make every round X times as long (default: 1)
  --generator c|ts   the load generator (default: c where a C compiler is)
  --help`

class Misuse extends Error {}

function list(text: string, known: readonly string[], option: string): readonly string[] {
  const words = text.split(',').filter((word) => word !== '')
  for (const word of words) if (!known.includes(word)) throw new Misuse(`${option}: there is no \`${word}\`; known are ${known.join(', ')}`)
  return words
}

function number(text: string, option: string, whole: boolean): number {
  const value = Number(text)
  if (!(value > 0) || (whole && !Number.isInteger(value))) throw new Misuse(`${option}: \`${text}\` is no ${whole ? 'whole ' : ''}number above 0`)
  return value
}

/** A text is what is wrong with the line, or the help that it asks for. */
export function parseOptions(args: readonly string[]): Options | { readonly problem: string } | { readonly help: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        cases: { type: 'string' }, rounds: { type: 'string' }, peers: { type: 'string' }, policy: { type: 'string', default: 'plain' }, workers: { type: 'string', default: '1' },
        events: { type: 'boolean', default: false }, store: { type: 'boolean', default: false }, compare: { type: 'string' }, json: { type: 'string' }, scale: { type: 'string', default: '1' },
        generator: { type: 'string' }, help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { help: USAGE }
    const names = list(values.cases ?? '', CASES.map(({ name }) => name), '--cases')
    const peers = values.peers ?? (values.compare === undefined ? Object.keys(PEERS).join(',') : 'none')
    const generator = list(values.generator ?? '', ['c', 'ts'], '--generator')[0]
    const policies = values.policy.split(',').map((policy) => {
      if (POLICIES.includes(policy)) return policy
      if (!existsSync(policy)) throw new Misuse(`--policy: there is no file \`${policy}\`, and no policy of that name (${POLICIES.join(', ')})`)
      return resolve(policy)
    })
    return {
      cases: names.length === 0 ? CASES : CASES.filter(({ name }) => names.includes(name)),
      peers: peers === 'none' ? [] : list(peers, Object.keys(PEERS), '--peers'),
      policies,
      workers: values.workers.split(',').map((text) => number(text, '--workers', true)),
      events: values.events,
      store: values.store,
      compare: values.compare,
      rounds: values.rounds === undefined ? undefined : number(values.rounds, '--rounds', true),
      scale: number(values.scale, '--scale', false),
      generator: generator === 'c' || generator === 'ts' ? generator : undefined,
      json: values.json === undefined ? undefined : resolve(values.json),
    }
  } catch (error) {
    if (!(error instanceof Misuse) && !(error instanceof TypeError)) throw error
    return { problem: error.message }
  }
}
