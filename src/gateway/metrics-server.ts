// `serve --metrics ADDR:PORT`: /metrics for Prometheus and /ready for a load balancer. It never shares a port with the traffic, and listens on local
// addresses alone. Dangers prevented: figures of an office on the internet; a page in a browser that reads them by a name that it led to loopback.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { octetsFromText } from '../net/octets.ts'
import { parseIp } from '../net/ip.ts'
import { scopeOf } from '../net/scope.ts'
import { parseAuthority } from '../net/target.ts'
import { hostPort } from './listen-plan.ts'
import { METRICS_TYPE, metricsText } from './metrics.ts'
import type { Figures, GatewayState } from './stats.ts'

export interface MetricsAddress {
  readonly host: string
  readonly port: number
}

const LOCAL: readonly string[] = ['loopback', 'private', 'link-local']

/** An address of this machine that the internet does not reach; else what is wrong with it. */
export function metricsAddress(text: string): MetricsAddress | { readonly problem: string } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const name = match?.[1] ?? match?.[2]
  if (name === undefined || !(port <= 65535)) return { problem: 'write an address and a port, like 127.0.0.1:9900 or [::1]:9900' }
  const ip = parseIp(name === 'localhost' ? '127.0.0.1' : name)
  if (ip === undefined) return { problem: `\`${name}\` is no address; write one, like 127.0.0.1:9900` }
  if (!LOCAL.includes(scopeOf(ip))) return { problem: `the metrics are for local addresses alone, and ${ip.text} is not one (${/^(?:0\.0\.0\.0|::)$/.test(ip.text) ? 'it is every address' : scopeOf(ip)}): write one, like 127.0.0.1:9900` }
  return { host: ip.text, port }
}

export interface MetricsSource {
  state(): GatewayState
  figures(): Promise<Figures> | undefined
  /** of the gateway, in the policy */
  names(): readonly string[]
}

/** A browser that was led here by a name of strangers asks by that: one with a dot, and none of the gateway's. Only browsers must be kept out so, and they send Host. */
function askedByOwnName(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return true
  const target = parseAuthority(octetsFromText(host), 80)
  if (!target.ok) return false
  const asked = target.value.host
  return asked.kind === 'address' || !asked.name.includes('.') || names.includes(asked.name)
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  response.end(response.req.method === 'HEAD' ? '' : text)
}

async function serveOne(request: IncomingMessage, response: ServerResponse, source: MetricsSource): Promise<void> {
  const [path] = (request.url ?? '').split('?', 1)
  if (path !== '/metrics' && path !== '/ready') return answer(response, 404, 'here are /metrics and /ready\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return answer(response, 405, 'GET or HEAD\n')
  }
  const state = source.state()
  if (path === '/ready') return answer(response, state === 'ready' ? 200 : 503, `${state}\n`)
  if (!askedByOwnName(request.headers.host, source.names())) return answer(response, 421, 'ask by an address, by a name without a dot, or by one of gateway.names\n')
  const now = source.figures()
  if (now === undefined) return answer(response, 503, `${state}\n`)
  answer(response, 200, await metricsText(await now), METRICS_TYPE)
}

/** Listens, or tells why not. */
export function serveMetrics({ host, port }: MetricsAddress, source: MetricsSource): Promise<{ readonly server: Server; readonly where: string } | { readonly problem: string }> {
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 }, (request, response) => {
    serveOne(request, response, source).catch(() => response.destroy())
  })
  server.maxConnections = 64
  server.unref()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use by another program' : error.code === 'EADDRNOTAVAIL' ? 'it is no address of this machine' : error.code === 'EACCES' ? 'this user may not open a port below 1024' : error.message
      resolve({ problem: `cannot serve the metrics on ${hostPort(host, port)}: ${why}` })
    })
    server.listen({ host, port, ipv6Only: host.includes(':'), exclusive: true }, () => {
      const bound = server.address()
      server.on('error', () => {})
      resolve({ server, where: hostPort(host, typeof bound === 'object' && bound !== null ? bound.port : port) })
    })
  })
}

