// The proxy's half of an apply: the running gateway found, given the same policy on trial, and taken back with the packets' rules. Danger prevented: a
// firewall of one policy beside a proxy of another, each of which believes that the other holds what it does not.
import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { renderDiagnostic } from '../policy/diagnostic.ts'
import type { ProxyLoad } from '../plane/apply.ts'
import type { TakeBack } from '../plane/ending.ts'
import type { ProxyLink } from '../plane/records.ts'
import { askControl, askStatus, controlAnswers } from './control.ts'
import type { StatusAnswer } from './control.ts'
import { defaultPidFiles, socketPath } from './run-dir.ts'

export interface FoundGateway {
  readonly socket: string
  readonly status: StatusAnswer
}

function real(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return resolve(file)
  }
}

/** The gateway that serves this policy file; or one that serves another; or why it cannot be known. */
export type Found =
  | { readonly kind: 'same'; readonly gateway: FoundGateway }
  | { readonly kind: 'other'; readonly gateway: FoundGateway }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly problem: string }

export async function findGateway(file: string, pidFile: string | undefined): Promise<Found> {
  let last: Found = { kind: 'none' }
  for (const each of pidFile === undefined ? defaultPidFiles() : [pidFile]) {
    const socket = resolve(socketPath(each))
    if (!existsSync(socket) || !(await controlAnswers(socket))) continue
    try {
      const gateway = { socket, status: await askStatus(socket) }
      if (real(gateway.status.file) === real(file)) return { kind: 'same', gateway }
      if (last.kind !== 'other') last = { kind: 'other', gateway }
    } catch (error) {
      if (last.kind === 'none') last = { kind: 'unknown', problem: `${socket}: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
  return last
}

/** Loads the file into it; `hash`: what the packets' rules were compiled from. */
export async function tryInProxy({ socket, status }: FoundGateway, hash: string): Promise<ProxyLoad> {
  try {
    const answer = await askControl(socket, { command: 'trial' })
    if (!answer.ok) return { ok: false, problem: answer.diagnostics.filter((each) => each.severity === 'error').map(renderDiagnostic).join('\n') }
    if (answer.hash === hash) return { ok: true, link: { socket, pid: status.pid, before: status.generation, after: answer.generation } }
    await askControl(socket, { command: 'revert' })
    return { ok: false, problem: 'the policy\'s file, or one that it names, was changed while it was applied' }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
}

export const takeProxyBack: TakeBack = async ({ socket }, { meta }) => {
  try {
    const answer = await askControl(socket, { command: 'revert', ...(meta === undefined ? {} : { hash: meta.hash, text: meta.text }) })
    return answer.ok ? undefined : answer.diagnostics.map((each) => each.message).join('; ')
  } catch (error) {
    if (isGone(error)) return 'it has ended meanwhile; when it starts again it loads what its file says then'
    return error instanceof Error ? error.message : String(error)
  }
}

/** The same long after: where it has ended, or serves another file by now, there is nothing to give back. */
export const giveProxyBack: TakeBack = async (link, before) => {
  try {
    const { file } = await askStatus(link.socket)
    if (before.meta === undefined || real(file) !== real(before.meta.file)) return undefined
  } catch (error) {
    return isGone(error) ? undefined : error instanceof Error ? error.message : String(error)
  }
  return takeProxyBack(link, before)
}

/** It need not remember any more what it had before. */
export async function settleInProxy({ socket }: ProxyLink): Promise<void> {
  try {
    await askControl(socket, { command: 'settle' })
  } catch {
    // gone, and its memory with it
  }
}
