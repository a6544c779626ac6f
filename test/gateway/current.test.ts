// What changes without a reload: a rule that expires ends what it allowed, and a new address of the machine is its own at once.
import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { folderFor, OPEN_POLICY, origin, serve, until } from './process.ts'

t.test('a tunnel ends when the rule that allowed it expires, and no request follows', async (t) => {
  const expires = new Date(Date.now() + 4_000).toISOString()
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY.replace('name: local, action: allow,', `name: local, action: allow, expires: "${expires}",`) })
  const gateway = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--pid-file', join(folder, 'g.pid'), '--event-log', join(folder, 'events')])
  const up = await origin(t)
  const socket = connect(gateway.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let got = ''
  let closedAt = 0
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  socket.on('data', (chunk: string) => {
    got += chunk
  })
  socket.on('close', () => {
    closedAt = Date.now()
  })
  socket.write(`CONNECT 127.0.0.1:${up.port} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await until('the tunnel is open', () => got.startsWith('HTTP/1.1 200 '))
  await until('it is ended', () => closedAt > 0, 8_000)
  t.ok(closedAt >= Date.parse(expires), 'not before')
  t.ok(closedAt - Date.parse(expires) < 2_000, 'and soon after')
  await until('it is told', () => /"verdict":"deny".*"method"|"method":"CONNECT".*"verdict":"deny"/.test(readFileSync(join(folder, 'events'), 'utf8')))
})

const namespaces = spawnSync('unshare', ['--net', 'true']).status === 0 && spawnSync('ip', ['-V']).error === undefined
const skip = namespaces || process.env['GREENGATE_REQUIRE_ALL'] === '1' ? false : 'needs root, unshare and ip'

t.test('an address that the machine gets is its own within seconds', { skip }, async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY.replace('127.0.0.0/8, "::1"', '0.0.0.0/0') })
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const script = `ip link set lo up && exec "${process.execPath}" ${main} serve --policy ${folder}/p.yaml --port 8080 --host 127.0.0.1 --pid-file ${folder}/g.pid --event-log ${folder}/events`
  const child = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString()
  })
  await until('it serves', () => /pid \d+\n/.test(told))
  const inside = (...args: string[]): string => spawnSync('nsenter', [`--net=/proc/${child.pid ?? 0}/ns/net`, ...args], { encoding: 'utf8' }).stdout
  inside('ip', 'address', 'add', '198.18.7.7/32', 'dev', 'lo')
  await until('it is told', () => /"event":"addresses-changed".*198\.18\.7\.7/.test(readFileSync(`${folder}/events`, 'utf8')))
  const answer = inside('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-x', 'http://127.0.0.1:8080', 'http://198.18.7.7:8080/')
  t.equal(answer, '403', 'its own port there is closed although the rule opens every address')
})
