// `greengate suspects` as a process: what a person says of a suspect while others are still being probed stays.
import t from 'tap'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderFor, run } from '../gateway/process.ts'

t.test('a mark that is made while suspects are probed is kept, and so is what the probe found', async (t) => {
  const name = 'home.example.org'
  const log = readFileSync(new URL('../report/tunnels.jsonl', import.meta.url), 'utf8').split('\n').filter((line) => line.includes(name)).join('\n')
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const folder = folderFor(t, { 'p.yaml': `version: 1\ngateway: { resolvers: ["127.0.0.1:${server.address().port}"] }\nlimits: { dns: 60s }\n`, 'log.jsonl': log })
  const state = ['--state', join(folder, 'state.json')]
  let marked: Promise<{ readonly code: number | null }> | undefined
  server.on('message', (query, from) => {
    marked ??= run(['suspects', 'mark', name, 'confirmed', '--note', 'seen', ...state])
    // there is no such name, but for that it has to wait
    void marked.then(() => server.send(Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x83]), query.subarray(4)]), from.port, from.address))
  })
  const probed = await run(['suspects', '--probe', '--log', join(folder, 'log.jsonl'), '--policy', join(folder, 'p.yaml'), '--json', ...state])
  t.equal(probed.code, 0, probed.stderr)
  t.match(await marked, { code: 0 })
  const { hosts } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as { readonly hosts: unknown }
  t.match(hosts, { [name]: { mark: 'confirmed', note: 'seen', probes: [{ base: { answer: 'nothing' } }] } })
})
