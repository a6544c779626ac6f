// A real gateway with 256 descriptors under a flood: it stays, serves whom it has, writes its log, takes a new policy and new log files from the reserve,
// and is well again as soon as the flood is over (wire rule 18, 24).
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ask, folderFor, OPEN_POLICY, origin, serve, until } from '../../gateway/process.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const LIMITS = 'limits: { new-per-second: 100000, new-per-second-per-client: 100000, connections-per-client: 10000, tunnels-per-client: 10000, head: 60s }\n'

/** What the event log says, line by line. */
function events(file: string): Record<string, unknown>[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>) : []
}

for (const [descriptors, workers] of [[256, 1], [256, 2], [64, 1]] as const) {
  t.test(`${descriptors} descriptors, ${workers} workers`, { timeout: 110_000 }, async (t) => {
    const folder = folderFor(t, { 'p.yaml': OPEN_POLICY + LIMITS })
    const log = join(folder, 'events')
    const site = await origin(t)
    const quiet = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
    await once(quiet, 'listening')
    t.teardown(() => quiet.close())
    const running = await serve(t, ['--policy', join(folder, 'p.yaml'), '--port', '0', '--host', '127.0.0.1', '--workers', String(workers), '--event-log', log, '--pid-file', join(folder, 'pid')],
      { command: 'sh', before: ['-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, process.execPath, MAIN] })
    const url = (path: string): string => `http://127.0.0.1:${site.port}${path}`
    t.equal((await ask(running.port, url('/before'))).status, 200)

    // one who is served before it begins
    const early = connect(running.port, '127.0.0.1')
    let heard = ''
    early.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1'))).on('error', () => {})
    const answers = (): number => heard.match(/HTTP\/1\.1 (?:200|503) /g)?.length ?? 0
    early.write(`GET ${url('/kept-0')} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await until('it is served', () => answers() === 1, 20_000)

    const flood: Socket[] = []
    t.teardown(() => {
      for (const socket of [...flood, early]) socket.destroy()
    })
    for (let at = 0; at < 800; at++) {
      const socket = connect(running.port, '127.0.0.1')
      socket.on('error', () => {}).resume()
      flood.push(socket)
      if (at % 3 === 1) socket.write('GET http://half')
      else if (at % 3 === 2) socket.write(`CONNECT 127.0.0.1:${(quiet.address() as AddressInfo).port} HTTP/1.1\r\nHost: a\r\n\r\n`)
      if (at % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await new Promise((resolve) => setTimeout(resolve, 1000))

    for (let turn = 1; turn <= 3; turn++) {
      early.write(`GET ${url(`/kept-${turn}`)} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await until(`answer ${turn} within the flood`, () => answers() === turn + 1, 20_000)
    }
    renameSync(log, `${log}.old`)
    running.child.kill('SIGUSR2')
    await until('the new log file is there', () => existsSync(log), 20_000)
    writeFileSync(join(folder, 'p.yaml'), OPEN_POLICY.replace('name: open', 'name: other') + LIMITS)
    process.kill(running.pid, 'SIGHUP')
    let turn = 4
    for (const limit = performance.now() + 20_000; !events(log).some(({ generation }) => generation === 2) && performance.now() < limit; turn++) {
      early.write(`GET ${url(`/kept-${turn}`)} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await until(`answer ${turn}, perhaps by the new policy`, () => answers() === turn + 1, 20_000)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    t.ok(events(log).some(({ generation }) => generation === 2), 'within the flood the new policy was taken, and its records stand in the new log file')

    for (const socket of flood) socket.destroy()
    const over = performance.now()
    let well = 0
    while (well === 0 && performance.now() - over < 10_000) {
      const got = await Promise.race([ask(running.port, url('/after')).catch(() => undefined), new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 2000))])
      if (got?.status === 200) well = performance.now() - over
    }
    t.ok(well > 0 && well < 5000, `well again after ${Math.round(well)} ms`)
    t.equal(running.child.exitCode, null)
    await until('every request that was answered is told of', () => {
      const told = [...events(`${log}.old`), ...events(log)].filter(({ event }) => event === 'request').map(({ target }) => String(target))
      return ['/before', '/kept-0', '/kept-1', '/kept-2', '/kept-3', '/after'].every((path) => told.some((each) => each.endsWith(path)))
    }, 20_000)
    t.notOk(/uncaught|unhandled/i.test(running.stderr()), running.stderr())
  })
}
