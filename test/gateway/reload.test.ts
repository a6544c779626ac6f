// A reload is all or nothing: no request is lost, none is answered by half of one policy and half of the next, a bad file changes nothing,
// and only what the new policy forbids is ended.
import t from 'tap'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, folderFor, OPEN_POLICY, origin, run, serve, until } from './process.ts'

/** `one` or `two` is refused, by a rule of that name; never both, never neither. */
function policyThatRefuses(which: 'one' | 'two'): string {
  return OPEN_POLICY.replace('{ name: closed, action: deny, uri: [/closed] }', `{ name: ${which}, action: deny, uri: [/${which}$] }`)
}

function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

t.test('reload says the new generation, or the diagnostics with exit code 4', async (t) => {
  const folder = folderFor(t, { 'p.yaml': policyThatRefuses('one') })
  const file = join(folder, 'p.yaml')
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', file, '--port', '0', '--pid-file', pid, '--event-log', join(folder, 'events')])
  const up = await origin(t)
  const url = (path: string): string => `http://127.0.0.1:${up.port}/${path}`
  t.equal((await ask(gateway.port, url('one'))).rule, 'one')
  t.equal((await ask(gateway.port, url('two'))).status, 200)

  put(file, policyThatRefuses('two'))
  const good = await run(['reload', '--pid-file', pid])
  t.equal(good.code, 0)
  t.match(good.stdout, /^generation 2 in force \([0-9a-f]{16}\)\n$/)
  t.equal((await ask(gateway.port, url('one'))).status, 200)
  t.equal((await ask(gateway.port, url('two'))).rule, 'two')

  put(file, `${policyThatRefuses('one')}\nnonsense: true\n`)
  const bad = await run(['reload', '--pid-file', pid])
  t.equal(bad.code, 4)
  t.match(bad.stderr, new RegExp(`${file}:\\d+:\\d+: error: .*nonsense`))
  t.match(bad.stderr, /generation 2 .* stays in force/)
  t.equal((await ask(gateway.port, url('two'))).rule, 'two', 'the old one still holds')

  put(file, policyThatRefuses('one'))
  process.kill(gateway.pid, 'SIGHUP')
  await until('generation 3', () => /"event":"reloaded","generation":3/.test(text(join(folder, 'events'))))
  t.equal((await ask(gateway.port, url('one'))).rule, 'one')
  const json = await run(['reload', '--pid-file', pid, '--json'])
  t.match(JSON.parse(json.stdout), { ok: true, generation: 4, diagnostics: [] })
})

t.test('a failing test of the policy keeps the old one', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const file = join(folder, 'p.yaml')
  const pid = join(folder, 'g.pid')
  await serve(t, ['--policy', file, '--port', '0', '--pid-file', pid, '--event-log', 'none', '--workers', '1'])
  put(file, `${OPEN_POLICY}tests:\n  - { from: 127.0.0.1, request: "GET http://example.com/", expect: allow }\n`)
  const bad = await run(['reload', '--pid-file', pid])
  t.equal(bad.code, 4)
  t.match(bad.stderr, /p\.yaml:\d+:\d+: error: /)
})

t.test('10,000 requests with 100 reloads in between, good and bad in turn', { timeout: 120_000 }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': policyThatRefuses('one') })
  const file = join(folder, 'p.yaml')
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', file, '--port', '0', '--pid-file', pid, '--event-log', 'none', '--access-log', join(folder, 'access')])
  const up = await origin(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  t.teardown(() => agent.destroy())
  const { askControl } = await import('../../src/gateway/control.ts')
  const { socketPath } = await import('../../src/gateway/run-dir.ts')

  let asked = 0
  let answered = 0
  const odd: string[] = []
  const seen = { one: 0, two: 0 }
  const client = async (): Promise<void> => {
    while (asked < 10_000) {
      asked++
      const path = asked % 2 === 0 ? 'one' : 'two'
      const got = await ask(gateway.port, `http://127.0.0.1:${up.port}/${path}`, agent)
      answered++
      if (got.status === 200 && got.body === `you asked /${path}`) continue
      if (got.status === 403 && got.rule === path) seen[path]++
      else odd.push(`${path}: ${got.status} by ${got.rule ?? 'nobody'}`)
    }
  }
  let reloads = 0
  const reloader = async (): Promise<void> => {
    for (; reloads < 100; reloads++) {
      const good = reloads % 2 === 0
      put(file, good ? policyThatRefuses(reloads % 4 === 0 ? 'two' : 'one') : `${OPEN_POLICY}rules: [\n`)
      const answer = await askControl(socketPath(pid), { command: 'reload' })
      if (answer.ok !== good || answer.generation !== 2 + Math.floor(reloads / 2)) odd.push(`reload ${reloads}: ${JSON.stringify(answer)}`)
      const due = (reloads / 100) * 10_000
      while (asked < due) await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  await Promise.all([...Array.from({ length: 16 }, client), reloader()])
  t.same(odd, [], 'every answer is that of one policy')
  t.equal(answered, asked, 'every request was answered')
  t.ok(answered >= 10_000)
  t.equal(reloads, 100)
  t.ok(seen.one > 100 && seen.two > 100, 'both policies were in force for a while')
  process.kill(gateway.pid, 'SIGTERM')
  t.same(await gateway.ended, { code: 0, signal: null })
  t.equal(text(join(folder, 'access')).trim().split('\n').length, answered, 'and each has its line')
})

t.test('a reload ends the tunnel that it forbids, and only that', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const file = join(folder, 'p.yaml')
  const pid = join(folder, 'g.pid')
  const gateway = await serve(t, ['--policy', file, '--port', '0', '--pid-file', pid, '--event-log', 'none'])
  const first = await origin(t)
  const second = await origin(t)
  const tunnel = async (port: number): Promise<{ closed: boolean; ping: () => Promise<string> }> => {
    const socket = connect(gateway.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const state = { closed: false, ping: async () => '' }
    let heard: (text: string) => void = () => {}
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => heard(chunk))
    socket.on('close', () => {
      state.closed = true
      heard('')
    })
    const say = (words: string): Promise<string> => new Promise((resolve) => {
      heard = resolve
      socket.write(words)
    })
    state.ping = () => say(`GET /ping HTTP/1.1\r\nHost: x\r\n\r\n`)
    t.match(await say(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`), /^HTTP\/1\.1 200 /)
    return state
  }
  const keeps = await tunnel(first.port)
  const loses = await tunnel(second.port)
  t.match(await keeps.ping(), /^HTTP\/1\.1 200 OK/)
  t.match(await loses.ping(), /^HTTP\/1\.1 200 OK/)
  put(file, OPEN_POLICY.replace('    - { name: local', `    - { name: shut, action: deny, ports: [${second.port}] }\n    - { name: local`))
  t.equal((await run(['reload', '--pid-file', pid])).code, 0)
  await until('the forbidden tunnel is closed', () => loses.closed)
  t.match(await keeps.ping(), /^HTTP\/1\.1 200 OK/, 'the other one goes on')
})

function text(file: string): string {
  return readFileSync(file, 'utf8')
}
