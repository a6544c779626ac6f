// The sites that real programs visit in the tests: one handler behind http and https on 127.0.0.1, under any name below site.test,
// which the test's own name server gives out; and the policy that lets a client of this machine reach them.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from '../../certs/make.ts'
import { serveNames } from './names.ts'

export interface Sites {
  /** `http://NAME.site.test:port` */
  http(name: string): string
  https(name: string): string
  /** path of the authority that the https site's certificate is signed by */
  readonly authority: string
  readonly servers: readonly (http.Server | https.Server)[]
  /** everything below site.test is allowed on this machine, bad.site.test refused by `refused-site`; `more` are further web rules */
  policy(more?: readonly string[]): string
}

interface Stage {
  teardown(after: () => unknown): unknown
}

export async function openSites(t: Stage, handler: http.RequestListener): Promise<Sites> {
  const folder = mkdtempSync(join(tmpdir(), 'greengate-site-'))
  const made = await makeCertificates(folder, [['site.test', '*.site.test']])
  const pair = made.leaves.get('site.test')
  if (pair === undefined) throw new Error('no certificate for site.test')
  const plain = http.createServer(handler)
  const secure = https.createServer({ cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }, handler)
  const names = await serveNames({ '*.site.test': '127.0.0.1', 'site.test': '127.0.0.1' })
  const servers = [plain, secure]
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  t.teardown(() => {
    names.close()
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const [httpPort = 0, httpsPort = 0] = ports
  return {
    http: (name) => `http://${name}.site.test:${httpPort}`,
    https: (name) => `https://${name}.site.test:${httpsPort}`,
    authority: made.authority.certificate,
    servers,
    policy: (more = []) => `version: 1
name: real-programs
gateway:
  resolvers: ["${names.address}"]
rules:
  - { name: this-machine, action: allow, from: any, to: gateway, services: proxy }
web:
  default: deny
  connect-ports: [443, ${httpsPort}]
  contact: it@site.test
  rules:
    - { name: refused-site, action: deny, host: bad.site.test, reason: this site is refused in the test }
${more.map((rule) => `    - ${rule}\n`).join('')}    - { name: local-sites, action: allow, host: .site.test, resolves-to: 127.0.0.1 }
`,
  }
}
