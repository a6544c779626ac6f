// A real gateway as a process of its own, for the tests that need one: started on a free port, told to end, and never left behind.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Lets loopback clients fetch what stands on loopback, under the name `origin.test` too where the hosts file has it. */
export const OPEN_POLICY = `version: 1
name: open
web:
  default: deny
  ports: [1-65535]
  connect-ports: [1-65535]
  tunnels: { require-tls: false, server-name: any }
  rules:
    - { name: closed, action: deny, uri: [/closed] }
    - { name: local, action: allow, resolves-to: [127.0.0.0/8, "::1"] }
rules:
  - { name: use, action: allow, from: any, to: gateway, services: proxy }
`

interface Teardown {
  teardown(run: () => unknown): void
}

export function folderFor(t: Teardown, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'gg-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly line: string
  stdout(): string
  stderr(): string
  ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export interface Start {
  readonly command?: string
  readonly before?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Any command of greengate, to its end. */
export async function run(args: readonly string[], options: Start & { readonly cwd?: string } = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(options.command ?? process.execPath, [...(options.before ?? [MAIN]), ...args], { env: { ...process.env, ...options.env }, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

/** Resolves when it says that it serves; rejects with what it said when it ends before. */
export function serve(t: Teardown, args: readonly string[], options: Start = {}): Promise<Running> {
  const child = spawn(options.command ?? process.execPath, [...(options.before ?? [MAIN]), 'serve', ...args], { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => child.on('close', (code, signal) => resolve({ code, signal })))
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      const line = /^greengate [^\n]*listening on [^\n]*$/m.exec(stderr)?.[0]
      const port = /listening on \S*?:(\d+)[,\s]/.exec(line ?? '')?.[1]
      const pid = /pid (\d+)$/.exec(line ?? '')?.[1]
      if (line === undefined || port === undefined || pid === undefined) return
      resolve({ child, pid: Number(pid), port: Number(port), line, stdout: () => stdout, stderr: () => stderr, ended })
    })
    void ended.then(({ code, signal }) => reject(new Error(`ended with ${code ?? signal ?? ''}: ${stderr}`)))
  })
}

/** An origin on loopback that answers every request with its path. */
export async function origin(t: Teardown, answer: (path: string) => string = (path) => `you asked ${path}`): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((ask, response) => {
    const body = answer(ask.url ?? '')
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port }
}

export interface Got {
  readonly status: number
  readonly rule: string | undefined
  readonly body: string
  readonly message: IncomingMessage
}

/** One plain request through the proxy. */
export function ask(proxyPort: number, url: string, agent?: import('node:http').Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: proxyPort, path: url, headers: { host: new URL(url).host }, agent }, (message) => {
      let body = ''
      message.setEncoding('utf8')
      message.on('data', (chunk: string) => {
        body += chunk
      })
      message.on('error', reject)
      message.on('end', () => {
        const rule = message.headers['x-greengate-rule']
        resolve({ status: message.statusCode ?? 0, rule: typeof rule === 'string' ? rule : undefined, body, message })
      })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

export async function until(what: string, seen: () => boolean, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!seen()) {
    if (performance.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
