// The running gateway asked over its control socket, by whichever command. Danger prevented: an answer of another gateway than the one that is meant,
// and a refusal of the system that reads like "nothing runs".
import { existsSync } from 'node:fs'
import { controlAnswers } from '../gateway/control.ts'
import { defaultPidFiles, socketPath } from '../gateway/run-dir.ts'
import { failure } from './exit.ts'

/** What `--pid-file` says in the help of those commands. */
export const PID_FILE = 'of the gateway that is meant (default: where `serve` puts it, the first that answers)'

/** The control socket of the gateway that answers. */
export async function runningGateway(pidFile: string | undefined): Promise<string | undefined> {
  if (pidFile !== undefined) return socketPath(pidFile)
  for (const file of defaultPidFiles()) if (existsSync(socketPath(file)) && (await controlAnswers(socketPath(file)))) return socketPath(file)
  return undefined
}

/** undefined: told, and the exit code set. */
export async function askGateway<T>(pidFile: string | undefined, failed: string, ask: (socket: string) => Promise<T>): Promise<T | undefined> {
  const socket = await runningGateway(pidFile)
  if (socket === undefined) {
    failure('no gateway answers', `looked beside ${defaultPidFiles().join(' and ')}; where it was started with --pid-file, say the same here`)
    return undefined
  }
  try {
    return await ask(socket)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') failure(`no gateway answers at ${socket}`, 'is it running, and was it started with the same --pid-file?')
    else if (code === 'EACCES') failure(`not allowed to speak to the gateway at ${socket}`, 'only the user that runs it, and root, may')
    else failure(`${failed}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
