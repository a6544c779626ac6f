// What is printed for clients and shells: proxy variables that a shell takes, a PAC file that a browser runs, completion that the real shells accept, and the doctor's findings.
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { hasIpv6Route } from '../../src/kernel/rights.ts'
import { OPEN_POLICY, folderFor, run, serve } from '../gateway/process.ts'

function has(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined
}

/** On a user's machine it may lack; where everything must be tried it may not. */
function lacks(tool: string): string | false {
  return has(tool) || process.env['GREENGATE_REQUIRE_ALL'] === '1' ? false : `${tool} is not installed`
}

function shell(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${command}: ${done.stderr}${done.stdout}`)
  return done.stdout
}

const GREEN = 'version: 1\ngateway:\n  green: { interface: eth0, address: 192.168.51.254/24 }\n  admin: { mac: "00:1A:2B:3C:4D:5E" }\nrules:\n  - { name: use, action: allow, from: green, to: gateway, services: proxy }\n'

t.test('the variables are taken by a shell, and away again', async (t) => {
  const sh = (await run(['env', '--proxy', '192.168.51.254:800'])).stdout
  t.equal(shell('sh', ['-c', `${sh}\necho $http_proxy $HTTPS_PROXY $no_proxy`]).trim(), 'http://192.168.51.254:800 http://192.168.51.254:800 localhost,127.0.0.1,::1')
  const off = (await run(['env', '--unset'])).stdout
  t.equal(shell('sh', ['-c', `${sh}\n${off}\nenv | grep -ciE '^(https?|all|no)_proxy=' || true`]).trim(), '0')
  t.match((await run(['env', '--shell', 'pwsh', '--proxy', '[fd00::1]:8080'])).stdout, /^\$env:http_proxy = 'http:\/\/\[fd00::1\]:8080'$/m)
  t.match(JSON.parse((await run(['env', '--json', '--proxy', 'localhost:8080'])).stdout), { https_proxy: 'http://127.0.0.1:8080' })
  for (const wrong of ['800', 'example.com:800', '1.2.3.4:0', "1.2.3.4:80'; id", '1.2.3.4']) t.equal((await run(['env', '--proxy', wrong])).code, 2, wrong)
  t.equal((await run(['env', '--shell', 'tcsh'])).code, 2)
})

t.test('fish takes its variables', { skip: lacks('fish') }, async (t) => {
  const fish = (await run(['env', '--shell', 'fish', '--proxy', '10.0.0.1:3128'])).stdout
  t.equal(shell('fish', ['--no-config', '-c', `${fish}\necho $http_proxy`]).trim(), 'http://10.0.0.1:3128')
})

t.test('the port is that of the gateway that runs, and the PAC file names green', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY, 'green.yaml': GREEN })
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--host', '127.0.0.1', '--port', '0', '--workers', '1', '--event-log', 'none', '--pid-file', pid])
  t.match((await run(['env', '--policy', join(folder, 'p.yaml'), '--pid-file', pid])).stdout, new RegExp(`http://127\\.0\\.0\\.1:${gateway.port}'`))
  const pac = (await run(['pac', '--policy', join(folder, 'green.yaml'), '--pid-file', join(folder, 'none.pid')])).stdout
  t.equal(runInNewContext(`${pac};FindProxyForURL('http://example.com/', 'example.com')`), 'PROXY 192.168.51.254:800')
})

function completed(words: readonly string[], script: string): readonly string[] {
  const list = words.map((word) => `'${word}'`).join(' ')
  return shell('bash', ['--norc', '-c', `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _greengate; printf '%s\\n' "\${COMPREPLY[@]}"`]).trim().split('\n').filter((each) => each !== '')
}

t.test('bash completes commands, options, choices and files', { skip: lacks('bash') }, async (t) => {
  const script = (await run(['completion', 'bash'])).stdout
  t.same(completed(['greengate', 'rel'], script), ['reload'])
  t.same(completed(['greengate', 'firewall', 'ap'], script), ['apply'])
  t.same(completed(['greengate', 'lists', ''], script), ['update'])
  t.same(completed(['greengate', 'serve', '--me'], script), ['--metrics'])
  t.same(completed(['greengate', 'env', '--shell', ''], script), ['sh', 'fish', 'pwsh'])
  t.same(completed(['greengate', 'completion', 'z'], script), ['zsh'])
  t.same(completed(['greengate', 'report', '--format', ''], script), ['text', 'html', 'json', 'csv'])
  t.same(completed(['greengate', 'report', '--by', 's'], script), ['site', 'status'])
  t.same(completed(['greengate', 'firewall', 'watchd'], script), [], 'what help does not tell')
  t.same(completed(['greengate', 'serve', '--port', ''], script), [], 'a number is nobody\'s to guess')
  const folder = folderFor(t, { 'a b.yaml': '', 'other': '' })
  t.same(completed(['greengate', 'check', `${folder}/a`], script), [`${folder}/a b.yaml`], 'with its blank')
  for (const before of [['serve', '--policy'], ['replay']]) t.same(completed(['greengate', ...before, `${folder}/o`], script), [`${folder}/other`])
})

t.test('zsh takes the completion, and is told the same', { skip: lacks('zsh') }, async (t) => {
  const folder = folderFor(t, { _greengate: (await run(['completion', 'zsh'])).stdout })
  const ask = (...words: readonly string[]): string => shell('zsh', ['-f', '-c', `
    compdef() { :; }
    source ${join(folder, '_greengate')}
    _describe() { [[ $1 == -o ]] && shift; print -l -- "\${(@P)2}" }
    _files() { print FILES }
    words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}
    _greengate`])
  t.match(ask('greengate', 'fire'), /^firewall:.+$/m)
  t.match(ask('greengate', 'firewall', ''), /^apply:.+\n[^]*^confirm:/m)
  t.match(ask('greengate', 'env', '--shell', ''), /^sh:sh\nfish:fish\npwsh:pwsh$/m)
  t.match(ask('greengate', 'serve', '--'), /^--metrics:.+$/m)
  t.match(ask('greengate', 'check', ''), /FILES/)
  t.match(ask('greengate', 'serve', '--policy', ''), /FILES/)
  t.equal(ask('greengate', 'serve', '--port', ''), '')
})

t.test('fish takes the completion, and completes by it', { skip: lacks('fish') }, async (t) => {
  const folder = folderFor(t, { 'c.fish': (await run(['completion', 'fish'])).stdout })
  const ask = (line: string): string => shell('fish', ['--no-config', '-c', `source ${join(folder, 'c.fish')}; complete -C'${line}'`])
  t.match(ask('greengate relo'), /^reload\t/m)
  t.match(ask('greengate firewall app'), /^apply\t/m)
  t.match(ask('greengate env --shell '), /^fish\b[^]*^pwsh\b[^]*^sh\b/m)
  t.match(ask('greengate serve --met'), /^--metrics\t/m)
  t.notMatch(ask('greengate firewall '), /^reload\b/m)
})

t.test('every command and every option is in each completion', async (t) => {
  const help = (await run(['--help'])).stdout
  const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name ?? '')
  t.ok(commands.length > 12)
  for (const each of ['bash', 'zsh', 'fish']) {
    const { stdout } = await run(['completion', each])
    for (const command of commands) t.ok(new RegExp(`\\b${command}\\b`).test(stdout), `${each}: ${command}`)
  }
})

t.test('the doctor: each line with its level and its mend, and the exit code', async (t) => {
  // NXDOMAIN for all, or an answer for all
  let lies = false
  const dns = createSocket('udp4')
  dns.on('message', (question, from) => {
    const answer = Buffer.from(question)
    answer[2] = 0x81
    answer[3] = lies ? 0x80 : 0x83
    if (lies) answer[7] = 1
    const end = question.indexOf(0, 12) + 5
    const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9])
    dns.send(lies && question[end - 3] === 1 ? Buffer.concat([answer.subarray(0, end), record]) : answer.subarray(0, end), from.port, from.address)
  })
  await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve))
  t.teardown(() => dns.close())
  const resolver = (dns.address() as AddressInfo).port
  const folder = folderFor(t)
  const file = join(folder, 'p.yaml')
  const text = (at: number, port: number): string => OPEN_POLICY.replace('name: open\n', `name: open\ngateway: { resolvers: ["127.0.0.1:${at}"], proxy: { port: ${port} } }\nlimits: { dns: 500ms }\n`)
  writeFileSync(file, text(resolver, 18_231))
  interface Told {
    readonly ok: boolean
    readonly checks: readonly { readonly check: string; readonly level: string; readonly told: string; readonly mend?: string }[]
  }
  const doctor = async (env: NodeJS.ProcessEnv = {}): Promise<{ readonly code: number | null; readonly told: Told; readonly of: (check: string) => string }> => {
    const { code, stdout } = await run(['doctor', '--json', '--policy', file, '--pid-file', join(folder, 'none.pid')], { env })
    const told = JSON.parse(stdout) as Told
    return { code, told, of: (check) => told.checks.filter((each) => each.check === check).map(({ level, told: what }) => `${level}: ${what}`).join() }
  }
  const well = await doctor({ http_proxy: 'http://127.0.0.1:18231', https_proxy: 'http://127.0.0.1:18231', HTTP_PROXY: '', HTTPS_PROXY: '', no_proxy: '', NO_PROXY: '' })
  t.match(well.of('port'), /^ok: 127\.0\.0\.1:18231.*free/)
  t.match(well.of('resolver'), /^ok: 127\.0\.0\.1:\d+ answer in/)
  t.equal(well.of('variables'), 'ok: http_proxy, https_proxy')
  t.same(well.told.checks.filter(({ level, mend }) => level !== 'ok' && mend === undefined), [], 'each has its mend')
  t.equal(well.code, well.told.checks.some(({ level }) => level === 'fail') ? 1 : 0)
  lies = true
  t.match((await doctor({ http_proxy: 'http://user:secret@10.0.0.1:3128' })).of('resolver'), /^warn: .*makes answers up/)
  const other = await doctor({ http_proxy: 'http://user:secret@10.0.0.1:3128' })
  t.match(other.of('variables'), /^warn: .*http_proxy.*: not this gateway's port/)
  t.notMatch(JSON.stringify(other.told), /secret/)
  // nobody listens there any more
  const gone = createSocket('udp4')
  await new Promise<void>((resolve) => gone.bind(0, '127.0.0.1', resolve))
  const silent = (gone.address() as AddressInfo).port
  t.teardown(() => gone.close())
  writeFileSync(file, text(silent, 18_231))
  const ill = await doctor()
  t.equal(ill.code, 1)
  t.match(ill.of('resolver'), /^fail: /)
  writeFileSync(file, 'version: 1\nnonsense: 1\n')
  const broken = await doctor()
  t.equal(broken.code, 1)
  t.match(broken.of('policy'), /^fail: .*nonsense/)
})

t.test('a default route of IPv6 is told from one that leads nowhere', async (t) => {
  const zeros = '0'.repeat(32)
  t.ok(hasIpv6Route(`${zeros} 00 ${zeros} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n`))
  t.notOk(hasIpv6Route(`${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo\n`))
  t.notOk(hasIpv6Route(''))
})
