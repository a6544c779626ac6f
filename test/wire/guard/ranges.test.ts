// Every special-use range, everything that carries IPv4 inside IPv6 and the gateway's own addresses, by name and by number, before a real gateway
// in a network of its own: beyond its cable every address there is answers, so that what is dialled is seen and nothing leaves the machine.
import t from 'tap'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { unable } from '../../firewall/root.ts'
import { Stage } from '../../firewall/stage.ts'
import type { Group } from './inside.ts'
import { ip } from './ranges.ts'

const INSIDE = join(import.meta.dirname, 'inside.ts')
const FAR = join(import.meta.dirname, 'far.cjs')

/** The gateway's side; an interface without a carrier has public addresses of its own. The far side is everywhere. */
function cables(stage: Stage): void {
  stage.add('gw', 'far')
  stage.link('gw', 'gg-near', 'far', 'gg-far')
  stage.address('gw', 'gg-near', ['10.99.0.1/24', 'fd99::1/64'])
  stage.address('far', 'gg-far', ['10.99.0.2/24', 'fd99::2/64'])
  for (const words of ['route add default via 10.99.0.2', '-6 route add default via fd99::2', 'link add gg-dark type veth peer name gg-loose', 'addr add 45.88.0.1/32 dev gg-dark', '-6 addr add 2a00:88::1/128 dev gg-dark nodad', 'link set gg-dark up']) {
    stage.ip(`-n ${stage.space('gw')} ${words}`)
  }
  for (const words of ['route add local 0.0.0.0/0 dev lo table main', '-6 route add local ::/0 dev lo table main', 'route add blackhole 45.66.0.0/24', '-6 route add blackhole 2a00:dead::/64']) stage.ip(`-n ${stage.space('far')} ${words}`)
}

t.test('in a network of its own', { skip: unable(['ip', 'sysctl', 'mount']), timeout: 110_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gg-far-'))
  const stage = new Stage()
  t.teardown(async () => {
    await stage.close()
    rmSync(folder, { recursive: true, force: true })
  })
  cables(stage)
  writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost\n45.88.4.4 Pinned.test\n10.0.0.1 inner.test both.test\n45.88.4.5 both.test\n')
  writeFileSync(join(folder, 'resolv.conf'), 'search evil.test\noptions ndots:5\nnameserver 127.0.0.1\n')

  const far = stage.start('far', process.execPath, [FAR])
  const dialled: string[] = []
  await stage.said(far, 'ready')
  if (far.stdout !== null) createInterface({ input: far.stdout }).on('line', (line) => dialled.push(ip(line.replace(/^dialled (?:::ffff:(?=\d+\.))?/, '')).text))
  const run = `mount --bind ${folder}/hosts /etc/hosts && mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec '${process.execPath}' '${INSIDE}'`
  const inside = stage.start('gw', 'unshare', ['--mount', 'sh', '-c', run], { env: { NODE_OPTIONS: '', TAP: '' } })
  const open = new Set<string>()
  if (inside.stdout === null) return t.fail('no output')
  let groups = 0
  for await (const line of createInterface({ input: inside.stdout })) {
    const { group, asked, wrong, open: here } = JSON.parse(line) as Group
    groups++
    for (const each of here) open.add(each)
    if (wrong.length === 0) t.pass(`${group}: ${asked} requests`)
    else t.fail(`${group}: ${wrong.length} of ${asked}`, { wrong: wrong.slice(0, 40) })
  }
  t.equal(groups, 11, 'every group was asked')
  t.same([...new Set(dialled)].filter((address) => !open.has(address)), [], 'the far side saw no other address')
  t.ok(dialled.length > 100, `${dialled.length} connections reached it`)
})
