// git through the gateway: clone and push over http and https, and a repository that is refused.
import t from 'tap'
import type { Test } from 'tap'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from './gateway.ts'
import { gitSite } from './git-site.ts'
import { lacks, missingProgram, run } from './run.ts'
import type { Ran } from './run.ts'
import { openSites } from './sites.ts'

t.test('git', async (t) => {
  if (lacks(t, missingProgram('git'))) return
  const folder = mkdtempSync(join(tmpdir(), 'greengate-git-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const sites = await openSites(t, gitSite(join(folder, 'served')))
  const gateway = await startGateway(t, sites.policy())
  const git = (where: string, ...args: readonly string[]): Promise<Ran> =>
    run('git', ['-c', `http.proxy=${gateway.url}`, '-c', 'user.name=test', '-c', 'user.email=test@site.test', ...args], {
      cwd: where,
      env: { HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_SSL_CAINFO: sites.authority },
    })
  const did = async (t: Test, where: string, ...args: readonly string[]): Promise<void> => {
    const ran = await git(where, ...args)
    t.equal(ran.code, 0, `git ${args.join(' ')} ${ran.stderr}`)
  }

  await did(t, folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'served/project.git')
  await did(t, folder, '--git-dir=served/project.git', 'config', 'http.receivepack', 'true')
  await did(t, folder, 'init', '--quiet', '--initial-branch=main', 'first')
  // more than git puts into one request with a length: it then sends chunks
  const content = randomBytes(3 << 20)
  writeFileSync(join(folder, 'first', 'big.bin'), content)
  await did(t, join(folder, 'first'), 'add', 'big.bin')
  await did(t, join(folder, 'first'), 'commit', '--quiet', '-m', 'first')

  t.test('pushes over http, clones over http and https', async (t) => {
    await did(t, join(folder, 'first'), 'push', '--quiet', `${sites.http('git')}/project.git`, 'main')
    for (const [how, url] of [['http', sites.http('git')], ['https', sites.https('git')]] as const) {
      await did(t, folder, 'clone', '--quiet', `${url}/project.git`, how)
      t.ok(readFileSync(join(folder, how, 'big.bin')).equals(content), `${how}: what arrives is what was pushed`)
    }
    const records = await gateway.records((all) => all.some((one) => one.method === 'CONNECT'))
    t.ok(records.some((one) => one.method === 'POST' && /git-receive-pack/.test(one.target ?? '')), 'the push went through the gateway')
    t.ok(records.some((one) => one.method === 'POST' && /git-upload-pack/.test(one.target ?? '')), 'so did the clone')
    t.ok(records.some((one) => one.method === 'CONNECT' && one.verdict === 'allow'), 'and the tunnel')
  })

  t.test('is told when a repository is refused', async (t) => {
    for (const url of [sites.http('bad'), sites.https('bad')]) {
      const ran = await git(folder, 'clone', '--quiet', `${url}/project.git`, 'refused')
      t.not(ran.code, 0)
      t.match(ran.stderr, '403')
    }
  })
})
