// `npm install` with the proxy set, from whatever registry this machine uses. Through a policy that names it, it installs; through one
// that does not, it is refused and installs nothing.
import t from 'tap'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from './gateway.ts'
import { lacks, missingNetwork, missingProgram, run } from './run.ts'
import type { Ran } from './run.ts'

// small, without dependencies, and needed by this project anyway
const PACKAGE = 'ipaddr.js'

function policy(host: string, port: number): string {
  // a mirror may stand at a private address; this test is not about the guard
  return `version: 1
rules:
  - { name: this-machine, action: allow, from: any, to: gateway, services: proxy }
web:
  default: deny
  ports: [${port}]
  connect-ports: [${port}]
  rules:
    - { name: registry, action: allow, host: ${host}, resolves-to: [0.0.0.0/0, "::/0"] }
`
}

t.test('npm install', { timeout: 110_000 }, async (t) => {
  if (lacks(t, missingProgram('npm'))) return
  const registry = new URL((await run('npm', ['config', 'get', 'registry'], { cwd: tmpdir() })).stdout.trim())
  if (lacks(t, await missingNetwork(registry))) return
  const folder = mkdtempSync(join(tmpdir(), 'greengate-npm-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const port = Number(registry.port === '' ? (registry.protocol === 'https:' ? 443 : 80) : registry.port)

  const install = (name: string, proxy: string): Promise<Ran> => {
    const project = join(folder, name)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"private":true}')
    return run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-online', '--fetch-retries=0', '--cache', join(project, 'cache'), PACKAGE], {
      cwd: project,
      env: { http_proxy: proxy, https_proxy: proxy, no_proxy: '' },
      timeoutMs: 50_000,
    })
  }

  t.test('through a policy that names the registry', async (t) => {
    const gateway = await startGateway(t, policy(registry.hostname, port))
    const ran = await install('allowed', gateway.url)
    t.equal(ran.code, 0, ran.stderr)
    t.ok(existsSync(join(folder, 'allowed', 'node_modules', PACKAGE, 'package.json')), 'installed')
    const records = await gateway.records((all) => all.length > 0)
    t.ok(records.some((one) => one.rule === 'registry' && one.verdict === 'allow'), 'through the gateway')
  })

  t.test('through a policy that does not', async (t) => {
    const gateway = await startGateway(t, policy('another.example', port))
    const ran = await install('refused', gateway.url)
    t.not(ran.code, 0, 'npm fails')
    t.notOk(existsSync(join(folder, 'refused', 'node_modules', PACKAGE)), 'and nothing is there')
    const records = await gateway.records((all) => all.length > 0)
    t.ok(records.length > 0 && records.every((one) => one.verdict === 'deny' && one.rule === 'web.default'), 'every request was refused')
  })
})
