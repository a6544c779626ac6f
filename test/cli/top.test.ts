// `greengate top` beside a real gateway: an open tunnel with its rate, in a pipe and on a terminal, whose size it follows and which it leaves as it was.
import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OPEN_POLICY, ask, folderFor, origin, run, serve, until } from '../gateway/process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const SCRIPT = existsSync('/usr/bin/script') || process.env['GREENGATE_REQUIRE_ALL'] === '1'

t.test('requests, denials and tunnels; the terminal comes back', async (t) => {
  const folder = folderFor(t, { 'policy.yaml': OPEN_POLICY })
  const pid = join(folder, 'g.pid')
  const { port } = await origin(t)
  const gateway = await serve(t, ['--policy', join(folder, 'policy.yaml'), '--port', '0', '--event-log', 'none', '--store', join(folder, 's.db'), '--pid-file', pid])
  const sink = createServer((socket) => {
    const timer = setInterval(() => socket.write(Buffer.alloc(10_000)), 50)
    socket.on('close', () => clearInterval(timer)).on('error', () => {})
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const far = (sink.address() as AddressInfo).port
  const tunnel = connect(gateway.port, '127.0.0.1')
  tunnel.on('error', () => {}).write(`CONNECT 127.0.0.1:${far} HTTP/1.1\r\nHost: 127.0.0.1:${far}\r\n\r\n`)
  tunnel.resume()
  const timer = setInterval(() => {
    void ask(gateway.port, `http://127.0.0.1:${port}/open`).catch(() => {})
    void ask(gateway.port, `http://127.0.0.1:${port}/closed`).catch(() => {})
  }, 300)
  t.teardown(() => {
    clearInterval(timer)
    tunnel.destroy()
    sink.close()
  })
  const { code, stdout } = await run(['top', '--pid-file', pid, '--window', '3s', '--json'])
  t.equal(code, 0)
  const picture = JSON.parse(stdout) as { total: { requests: number; denied: number }; tunnels: { target: string; perSecond: number; client: string }[]; rules: { key: string }[] }
  t.ok(picture.total.requests > 0 && picture.total.denied > 0)
  t.same(picture.rules.map(({ key }) => key).sort(), ['closed', 'local'])
  t.same(picture.tunnels.map(({ target, client }) => [target, client]), [[`127.0.0.1:${far}`, '127.0.0.1']])
  t.ok((picture.tunnels[0]?.perSecond ?? 0) > 10_000, `${picture.tunnels[0]?.perSecond} octets a second`)
  const text = await run(['top', '--pid-file', pid, '--window', '2s'])
  t.match(text.stdout, new RegExp(`Tunnels[\\s\\S]*127\\.0\\.0\\.1:${far}`))
  t.notMatch(text.stdout, /\u001b/)
  if (!SCRIPT) return t.comment('no script(1): not tried on a terminal')
  const command = `echo at $(tty); stty cols 90 rows 30; '${process.execPath}' '${MAIN}' top --pid-file '${pid}'; echo "rc=$?"; stty -a`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, TERM: 'xterm' } })
  let shown = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
  })
  const ended = new Promise((resolve) => terminal.on('close', resolve))
  await until('a picture with a denial', () => shown.includes('Denied') && shown.includes('closed'), 60_000)
  t.match(shown, '\u001b[?1049h')
  const sizes = (): readonly [wide: number, high: number] => {
    const [frame = ''] = shown.split('\u001b[H').slice(1, -1).slice(-1)
    const lines = frame.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').split(/\r+\n/)
    return [Math.max(...lines.map((line) => line.length)), lines.length]
  }
  const [wide, high] = sizes()
  t.ok(wide > 60 && wide <= 90 && high > 16 && high <= 30, `it fills the window: ${wide} by ${high}`)
  // the kernel tells the one in the foreground (SIGWINCH), as it does when a window is drawn smaller
  const [, tty = ''] = /at (\/dev\/\S+)/.exec(shown) ?? []
  for (const [cols, rows] of [[60, 16], [120, 40]] as const) {
    t.equal(spawnSync('stty', ['-F', tty, 'cols', String(cols), 'rows', String(rows)]).status, 0)
    const fits = (): boolean => sizes()[0] <= cols && sizes()[0] > (cols === 60 ? 40 : 90) && sizes()[1] <= rows
    await until(`a picture of ${cols} by ${rows}`, fits, 30_000)
    t.ok(fits(), `${sizes().join(' by ')} in ${cols} by ${rows}`)
  }
  terminal.stdin.write('q')
  await until('its end', () => shown.includes('\u001b[?1049l') && / icanon/.test(shown), 30_000)
  t.match(shown, '\u001b[?25h')
  t.match(shown, 'rc=0', 'who quits has done nothing wrong')
  t.match(shown, / echo /, 'the terminal is as it was')
  terminal.stdin.end()
  await ended
})

t.test('nothing to look at is an error', async (t) => {
  const folder = folderFor(t)
  t.equal(spawnSync(process.execPath, [MAIN, 'top', '--pid-file', join(folder, 'none.pid')]).status === 0, false)
})
