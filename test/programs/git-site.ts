// A git server for tests: git's own `http-backend` behind a handler of node:http, for one folder of bare repositories.
import { spawn } from 'node:child_process'
import type { RequestListener } from 'node:http'

/** CGI (RFC 3875) as far as git's backend needs it. */
export function gitSite(folder: string): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://git')
    const env = {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      // whoever can reach this server may push: it serves one test
      REMOTE_USER: 'test',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    }
    const backend = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    backend.stdin.on('error', () => {})
    request.pipe(backend.stdin)
    let head: Buffer | undefined = Buffer.alloc(0)
    backend.stdout.on('data', (chunk: Buffer) => {
      if (head === undefined) return void response.write(chunk)
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      const rest = head.subarray(end + 4)
      for (const line of head.toString('latin1', 0, end).split('\r\n')) {
        const colon = line.indexOf(':')
        const value = line.slice(colon + 1).trim()
        if (line.slice(0, colon).toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10)
        else response.setHeader(line.slice(0, colon), value)
      }
      head = undefined
      response.write(rest)
    })
    backend.on('close', () => response.end())
  }
}
