// `apt-get update` with the proxy set, from whatever mirrors this machine uses, into lists of its own.
import t from 'tap'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from './gateway.ts'
import { lacks, missingNetwork, missingProgram, run } from './run.ts'
import type { Ran } from './run.ts'

function policy(hosts: readonly string[]): string {
  return `version: 1
rules:
  - { name: this-machine, action: allow, from: any, to: gateway, services: proxy }
web:
  default: deny
  rules:
    - { name: mirrors, action: allow, host: [${hosts.join(', ')}], methods: [GET, CONNECT], resolves-to: [0.0.0.0/0, "::/0"] }
`
}

t.test('apt-get update', { timeout: 115_000 }, async (t) => {
  if (lacks(t, missingProgram('apt-get'))) return
  const folder = mkdtempSync(join(tmpdir(), 'greengate-apt-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true })
  const apt = (...args: readonly string[]): Promise<Ran> =>
    run('apt-get', [
      '-o', `Dir::State::lists=${folder}/lists`, '-o', `Dir::Cache=${folder}/cache`, '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Languages=none',
      '-o', 'Acquire::Retries=0', '-o', 'APT::Update::Error-Mode=any', ...args,
    ], { env: { LC_ALL: 'C' }, timeoutMs: 100_000 })

  const sources = (await apt('update', '--print-uris')).stdout.matchAll(/'(https?:\/\/[^']+)'/g)
  const urls = [...sources].map((match) => new URL(match[1] ?? ''))
  if (lacks(t, urls.length === 0 ? 'apt has no mirror over http or https' : undefined)) return
  for (const url of urls) if (lacks(t, await missingNetwork(url))) return
  const hosts = [...new Set(urls.map((url) => url.hostname))]
  const lists = (): string[] => readdirSync(join(folder, 'lists')).filter((name) => /InRelease|Release|Packages/.test(name))

  t.test('is refused by a policy that names no mirror', async (t) => {
    const gateway = await startGateway(t, policy(['another.example']))
    const ran = await apt('update', '-o', `Acquire::http::Proxy=${gateway.url}`, '-o', `Acquire::https::Proxy=${gateway.url}`)
    t.not(ran.code, 0)
    t.match(ran.stdout + ran.stderr, '403', 'apt tells the refusal')
    t.same(lists(), [])
  })

  t.test('works through a policy that names its mirrors', async (t) => {
    const gateway = await startGateway(t, policy(hosts))
    const ran = await apt('update', '-o', `Acquire::http::Proxy=${gateway.url}`, '-o', `Acquire::https::Proxy=${gateway.url}`)
    t.equal(ran.code, 0, ran.stdout + ran.stderr)
    t.ok(lists().length > 0, 'lists are there')
    const records = await gateway.records((all) => all.length > 0)
    t.ok(records.some((one) => one.rule === 'mirrors' && one.verdict === 'allow'), 'through the gateway')
  })
})
