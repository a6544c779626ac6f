// Sends a drill's packets, from inside the namespace of a client, and says what came of each. It judges nothing: what left is seen at the other side.
// Danger prevented: an attempt that was never made, counted as one that was stopped.
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'

export interface Probe {
  readonly kind: 'tcp' | 'udp' | 'icmp' | 'proxy'
  readonly to: string
  /** of ICMP: octets of payload */
  readonly port: number
  readonly from?: string
  readonly sourcePort?: number
  /** octets */
  readonly size?: number
  /** of `proxy`: the request's first line */
  readonly request?: string
}

/** `sent`, `connected`, `refused`, `silence`, `status 403`; `failed: ...` where nothing could be sent. */
export type ProbeResult = string

const WAIT_MS = 1_200
const PROXY_WAIT_MS = 4_000
/** What the kernel of the client itself says no with: nothing left it. */
const NOT_SENT = new Set(['EADDRNOTAVAIL', 'EADDRINUSE', 'EINVAL', 'ENETUNREACH', 'EACCES', 'EPERM', 'EAFNOSUPPORT'])

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function tcp({ to, port, from, sourcePort, request }: Probe): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port, ...(from === undefined ? {} : { localAddress: from }), ...(sourcePort === undefined ? {} : { localPort: sourcePort }) })
    const end = (result: ProbeResult): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => end('silence'), request === undefined ? WAIT_MS : PROXY_WAIT_MS)
    socket.once('connect', () => {
      if (request === undefined) end('connected')
      else socket.write(`${request} HTTP/1.1\r\nHost: ${request.split(' ')[1]?.replace(/^http:\/\/|\/$/g, '') ?? ''}\r\nConnection: close\r\n\r\n`)
    })
    let answer = ''
    socket.on('data', (data: Buffer) => {
      answer += data.toString('latin1')
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]
      if (status !== undefined) end(`status ${status}`)
    })
    socket.once('close', () => end('closed'))
    socket.once('error', (error: Error) => end(NOT_SENT.has(codeOf(error)) ? `failed: ${codeOf(error)}` : 'refused'))
  })
}

function udp({ to, port, from, sourcePort, size = 32 }: Probe): Promise<ProbeResult> {
  return new Promise((resolve) => {
    // several attempts have one source port, each its own target
    const socket = createSocket({ type: to.includes(':') ? 'udp6' : 'udp4', reuseAddr: true })
    let ended = false
    const end = (result: ProbeResult): void => {
      if (!ended) socket.close()
      ended = true
      resolve(result)
    }
    socket.on('error', (error) => end(NOT_SENT.has(codeOf(error)) ? `failed: ${codeOf(error)}` : 'refused'))
    // twice: the first may be what a queue for a neighbour had no room for
    const send = (left = 2): void => socket.send(Buffer.alloc(size, 0x67), port, to, (error) => {
      if (error !== null) end(NOT_SENT.has(codeOf(error)) ? `failed: ${codeOf(error)}` : 'refused')
      else setTimeout(() => (left > 1 && !ended ? send(left - 1) : end('sent')), 50)
    })
    socket.bind(sourcePort ?? 0, from, () => send())
  })
}

function icmp({ to, from, size = 1_000 }: Probe): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const child = spawn('ping', ['-n', '-q', '-c', '1', '-W', '1', '-s', String(size), ...(from === undefined ? [] : ['-I', from]), to], { stdio: 'ignore' })
    child.on('error', (error) => resolve(`failed: ${codeOf(error)}`))
    // 0: answered, 1: no answer, 2: it could not send
    child.on('close', (code) => resolve(code === 2 ? 'failed: ping' : 'sent'))
  })
}

export function sendAll(probes: readonly Probe[]): Promise<readonly ProbeResult[]> {
  return Promise.all(probes.map((probe) => (probe.kind === 'udp' ? udp(probe) : probe.kind === 'icmp' ? icmp(probe) : tcp(probe))))
}

/** What stands for the gateway's own programs: whoever connects has got in. A port that is taken is listened on already. */
export function listenOn(ports: readonly number[]): Promise<void> {
  const listening = ports.map((port) => new Promise<void>((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end()
    })
    server.once('error', () => resolve())
    server.listen({ port, host: '::' }, () => resolve())
  }))
  return Promise.all(listening).then(() => {})
}

function isProbe(value: unknown): value is Probe {
  return typeof value === 'object' && value !== null && 'kind' in value && 'to' in value && typeof value.to === 'string' && 'port' in value && typeof value.port === 'number'
}

/** From what another process of ours wrote. */
export function probesFrom(json: string): readonly Probe[] {
  const parsed: unknown = JSON.parse(json)
  return Array.isArray(parsed) ? parsed.filter(isProbe) : []
}
