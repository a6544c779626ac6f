// A worker that dies is replaced, with the policy that holds then; the others go on meanwhile.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Gateway } from '../../src/gateway/gateway.ts'
import { planListens } from '../../src/gateway/listen-plan.ts'
import { loadForTraffic } from '../../src/gateway/load-apart.ts'
import { openLogs } from '../../src/gateway/logs.ts'
import { machineNow } from '../../src/gateway/machine.ts'
import { ask, folderFor, OPEN_POLICY, origin, until } from './process.ts'

async function gatewayFor(t: Parameters<typeof folderFor>[0], folder: string, workers: number): Promise<{ gateway: Gateway; port: number; events: () => string; told: string[] }> {
  const loaded = await loadForTraffic({ file: join(folder, 'p.yaml'), machine: machineNow(0), before: [], traffic: false })
  if (!loaded.ok) throw new Error('the policy')
  const plan = await planListens([{ host: '127.0.0.1', why: 'asked' }], 0)
  if (!plan.ok) throw new Error('the port')
  const told: string[] = []
  const logs = openLogs({ eventLog: join(folder, 'events'), accessLog: undefined }, (message) => told.push(message))
  const gateway = new Gateway({
    file: join(folder, 'p.yaml'), hosts: ['127.0.0.1'], port: plan.port, version: '0', workers, listens: plan.listens, logs,
    complain: (message) => told.push(message), fatal: (message) => told.push(`fatal: ${message}`),
  }, loaded, machineNow(plan.port))
  const problem = await gateway.start()
  if (problem !== undefined) throw new Error(problem)
  t.teardown(async () => {
    await gateway.stop()
    await logs.end()
  })
  return { gateway, port: plan.port, events: () => readFileSync(join(folder, 'events'), 'utf8'), told }
}

t.test('a worker that dies is replaced, and requests go on', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const { gateway, port, events, told } = await gatewayFor(t, folder, 2)
  const up = await origin(t)
  const url = `http://127.0.0.1:${up.port}/`
  t.equal((await ask(port, url)).status, 200)
  await gateway.workers.threads[0]?.terminate()
  await until('it is told', () => /"event":"worker-lost"/.test(events()))
  t.match(told.join('\n'), /worker \d ended/)
  await until('it is replaced', () => gateway.workers.threads.length === 2)
  await until('that is told', () => /"event":"worker-started"/.test(events()))
  for (let i = 0; i < 20; i++) t.equal((await ask(port, url)).status, 200)
})

t.test('the one that replaces it has the policy of now, and a reload meanwhile is not lost', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const { gateway, port, events } = await gatewayFor(t, folder, 1)
  const up = await origin(t)
  const { writeFileSync } = await import('node:fs')
  writeFileSync(join(folder, 'p.yaml'), OPEN_POLICY.replace('uri: [/closed]', 'uri: [/newly]'))
  const dying = gateway.workers.threads[0]?.terminate()
  const answer = await gateway.reload()
  await dying
  t.equal(answer.ok, true)
  t.equal(answer.generation, 2)
  await until('it is replaced', () => /"event":"worker-started"/.test(events()))
  t.equal((await ask(port, `http://127.0.0.1:${up.port}/newly`)).status, 403)
  t.equal((await ask(port, `http://127.0.0.1:${up.port}/closed`)).status, 200)
})

t.test('one that dies again and again is started more and more slowly', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const { gateway, told, events } = await gatewayFor(t, folder, 1)
  for (let round = 1; round <= 3; round++) {
    await gateway.workers.threads[0]?.terminate()
    await until('it is replaced', () => events().split('"worker-started"').length === round + 1)
  }
  t.same(told.map((each) => /in (\d+) ms/.exec(each)?.[1]), ['100', '200', '400'])
})

t.test('ten reloads at once are at most two', async (t) => {
  const folder = folderFor(t, { 'p.yaml': OPEN_POLICY })
  const { gateway } = await gatewayFor(t, folder, 2)
  const answers = await Promise.all(Array.from({ length: 10 }, () => gateway.reload()))
  t.ok(answers.every((answer) => answer.ok))
  t.ok(gateway.generation <= 3, `generation ${gateway.generation}`)
})
