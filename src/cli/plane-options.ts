// What the commands of the firewall plane share: where its state is, how this program is started again, and how an ending is told.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { placesIn, preparePlaces } from '../plane/places.ts'
import type { Places } from '../plane/places.ts'
import type { Outcome } from '../plane/records.ts'
import type { Self } from '../plane/watchdog.ts'
import { failure } from './exit.ts'

export interface StateOptions {
  readonly state?: string
  readonly json?: true
}

export function stateOption(command: Command): Command {
  return command.option('--state <dir>', 'where the plane keeps what it must remember (default: /var/lib/greengate/firewall, and /run/greengate-firewall for what a restart ends)')
}

/** undefined: told, and the exit code is set. */
export function planePlaces(options: StateOptions): Places | undefined {
  if (process.getuid?.() !== 0) return void failure('the kernel\'s rules take root', 'try it with sudo')
  const places = placesIn(options.state)
  const problem = preparePlaces(places)
  return problem === undefined ? places : void failure(`cannot keep the state of the firewall: ${problem}`, 'name another folder: `--state DIR`')
}

/** The same runtime with the same options, and the file that was started. */
export function self(): Self {
  return { command: process.execPath, args: [...process.execArgv, process.argv[1] ?? ''] }
}

export function secondsOption(text: string): number {
  const value = Number(text)
  if (!/^\d{1,5}$/.test(text) || value > 86_400) throw new InvalidArgumentError('a number of seconds from 1 to 86400; 0: confirmed at once, nobody is asked')
  return value
}

export function outcomeText({ ending, why, problem }: Outcome): string {
  const what = ending === 'confirmed' ? 'confirmed' : ending === 'rolled-back' ? 'rolled back' : 'not applied, the rules from before are in force'
  return `${what}: ${why}${problem === '' ? '' : `; but ${problem}`}`
}

/** Faults of this program: the place in it is what helps. */
const OWN_FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError, URIError]

/** What a tool, a disk or a spoilt file keeps from being done is told in its words, without the place in this program where it was met. */
export function toldPlainly<A extends readonly unknown[]>(action: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args)
    } catch (error) {
      if (!(error instanceof Error) || OWN_FAULTS.some((fault) => error instanceof fault)) throw error
      failure(error.message)
    }
  }
}
