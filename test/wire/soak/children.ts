// The processes round the gateway: started with what they need to know, heard, and ended with us.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromClient, ToClient } from './world.ts'

const READY_MS = 60_000

export type Said = FromClient | { readonly kind: 'heard'; readonly octets: number }

export class Child {
  readonly process: ChildProcess
  readonly #waiting = new Map<number, () => void>()
  #stderr = ''
  #expected = false
  readonly #ready: Promise<void>

  constructor(file: string, start: unknown, on: (said: Said, child: Child) => void, died: (text: string) => void) {
    const { NODE_OPTIONS: _hooks, ...env } = process.env
    this.process = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(start)], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-20_000)
    })
    this.#ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${file} does not start: ${this.#stderr}`)), READY_MS)
      this.process.on('message', (said: Said) => {
        if (said.kind === 'ready') {
          clearTimeout(timer)
          resolve()
        } else if (said.kind === 'seen') {
          this.#waiting.get(said.number)?.()
          this.#waiting.delete(said.number)
        } else {
          if (said.kind === 'over') this.#expected = true
          on(said, this)
        }
      })
      this.process.on('exit', (code, signal) => {
        clearTimeout(timer)
        for (const done of this.#waiting.values()) done()
        this.#waiting.clear()
        if (!this.#expected) died(`${file} ended (${code ?? signal}): ${this.#stderr}`)
        reject(new Error(`${file} ended`))
      })
    })
    this.#ready.catch(() => {})
  }

  ready(): Promise<void> {
    return this.#ready
  }

  get alive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  /** Its warnings and errors. */
  get stderr(): string {
    return this.#stderr
  }

  send(message: ToClient): void {
    // it may be gone in this moment; its end is told by 'exit'
    if (this.process.connected) this.process.send(message, () => {})
  }

  /** Resolves when it has taken notice. */
  async told(message: ToClient & { readonly number: number }): Promise<void> {
    if (!this.process.connected) return
    const seen = new Promise<void>((resolve) => this.#waiting.set(message.number, resolve))
    this.process.send(message, () => {})
    await seen
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    this.#expected = true
    if (!this.alive) return
    const gone = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill('SIGKILL')
    await gone
  }
}
