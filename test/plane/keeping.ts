// The confirmed policy at its hours: when a rule ends, what runs by it ends, and nothing else; also where who keeps it has no root and asks the helper. And
// the helper loads nothing that is not the confirmed policy's rules, word for word. A file a back end and a hand calls it.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askLine } from '../../src/gateway/lines.ts'
import { unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { ADMIN, Begun, HEAD, MAIN, SHUT, Stand, until } from './stand.ts'
import type { BackendName } from './stand.ts'

const skip = unable(['ip', 'nft', 'iptables-restore', 'ip6tables-restore', 'conntrack', 'flock', 'nsenter', 'setpriv'])
const RED = '203.0.113.25'
const NOBODY = 65_534

const policyText = (expires: number): string => `${HEAD}${ADMIN}rules:
  - { name: lesson, action: allow, from: green, to: internet, services: smtp, expires: "${new Date(expires).toISOString().slice(0, 19)}Z" }
  - { name: always, action: allow, from: green, to: internet, services: pop3 }
`

export function keeping(backend: BackendName, by: 'root' | 'helper'): void {
  t.test(`${backend}, ${by}`, { skip, timeout: 200_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }])
    await stage.listen('red', 'red', [25, 110], [])
    // somebody without root must reach the socket in it
    const folder = mkdtempSync(join(tmpdir(), 'gg-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    chmodSync(folder, 0o755)
    const stand = new Stand(stage, folder)
    const socket = join(folder, 'helper.sock')
    const say = (ask: unknown): Promise<unknown> => askLine(socket, ask, 1 << 26)

    const apply = (ends: number): void => {
      const applied = stand.firewall(['apply', '--policy', stand.policy('p.yaml', policyText(ends)), '--backend', backend, '--confirm', '0'])
      if (applied.code !== 0) throw new Error(applied.err)
    }
    // as long as this machine needs to be ready for it
    const began = performance.now()
    apply(Date.now() + 3_600_000)
    const seconds = 6 + (3 * (performance.now() - began)) / 1000

    const lesson = async (keep: () => Begun): Promise<Begun> => {
      const ends = Date.now() + seconds * 1000
      apply(ends)
      const keeper = keep()
      const [mail, pop] = [stage.hold('h5', RED, 25), stage.hold('h5', RED, 110)]
      let said: string[] = []
      await until('both run', () => [...(said = [...said, ...mail()])].includes('ok') && pop().includes('ok'), 20_000)
      if (Date.now() > ends - 500) throw new Error('the machine is too slow for this test')
      await until('the lesson is over', () => mail().includes('reset'))
      if (Date.now() < ends - 500) throw new Error('it was over too early')
      pop()
      await sleep(600)
      const after = pop()
      t.ok(after.includes('ok') && !after.includes('reset'), 'and the other runs on')
      t.match(stand.firewall(['status']).out, /confirmed +yes/)
      return keeper
    }

    if (by === 'root') await byRoot()
    else await byHelper()

    async function byRoot(): Promise<void> {
      await t.test('root keeps it', async (t) => {
        const keeper = await lesson(() => stand.begin(['keep']))
        t.match(keeper.out, /policy office as it holds now: generation \d+, \d+ flows cut\n/, keeper.err)
        keeper.kill('SIGTERM')
        t.equal(await keeper.ended, 0)
      })

      await t.test('a panic is left alone, and an apply that nobody watches is rolled back', async (t) => {
        t.equal(stand.firewall(['panic', '--backend', backend]).code, 0)
        const closed = stand.kernel()
        const keeper = stand.begin(['keep'])
        await keeper.says(/the kernel has other rules than the confirmed policy's: they are left as they are\n/)
        t.equal(stand.kernel(), closed)
        t.equal(stand.firewall(['boot']).code, 0)
        await keeper.says(/what is in force holds now|as it holds now/)
        const kept = stand.kernel()
        keeper.kill('SIGSTOP')
        t.equal(stand.firewall(['apply', '--policy', stand.policy('shut.yaml', SHUT), '--backend', backend, '--confirm', '600', '--detach']).code, 0)
        process.kill(stand.watchdog(), 'SIGKILL')
        keeper.kill('SIGCONT')
        await keeper.says(/rolled back: nobody watched over it any more\n/)
        t.equal(stand.kernel(), kept)
        keeper.kill('SIGTERM')
        await keeper.ended
      })

    }

    async function byHelper(): Promise<void> {
      await t.test('without root, through the helper, which loads nothing else', async (t) => {
        const helper = stand.begin(['helper', '--socket', socket, '--owner', String(NOBODY)])
        await helper.says(/helper\.sock: for user 65534\n/)
        t.same([statSync(socket).mode & 0o777, statSync(socket).uid], [0o600, NOBODY])
        const keeper = await lesson(() => new Begun(stage.start('gw', 'setpriv', [
          `--reuid=${NOBODY}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', 'env', '-u', 'NODE_OPTIONS', process.execPath, MAIN, 'firewall', 'keep', '--helper', socket,
        ], { stderr: 'pipe' })))
        t.match(keeper.out, /policy office as it holds now: generation \d+\n/, keeper.err)
        const before = stand.kernel()
        const wanted = JSON.parse(readFileSync(join(stand.state, 'run', 'in-force.json'), 'utf8')) as { readonly meta: object; readonly rules: Readonly<Record<string, string>> }
        const [store = '', text = ''] = Object.entries(wanted.rules).at(-1) ?? []
        const more = backend === 'nft' ? `${text}table inet theirs {\n\tchain c {\n\t\taccept\n\t}\n}\n` : text.replace(/COMMIT\n$/, '-A INPUT -j ACCEPT\nCOMMIT\n')
        const bad: readonly unknown[] = [
          { command: 'load', wanted: { ...wanted, rules: { ...wanted.rules, [store]: more } }, known: [] },
          { command: 'load', wanted: { ...wanted, rules: { ...wanted.rules, [store]: `${text}\ninclude "/etc/passwd"\n` } }, known: [] },
          { command: 'load', wanted: { ...wanted, meta: { ...wanted.meta, text: SHUT } }, known: [] },
          { command: 'flush' }, [], { command: 'load', wanted: 5 },
        ]
        for (const ask of bad) t.match(await say(ask), { problem: /./ }, JSON.stringify(ask).slice(0, 60))
        t.equal(stand.kernel(), before)
        t.equal(stand.firewall(['apply', '--policy', stand.policy('shut.yaml', SHUT), '--backend', backend, '--confirm', '600', '--detach']).code, 0)
        t.match(await say({ command: 'load', wanted, known: [] }), { problem: /an apply waits/ })
        t.equal(stand.firewall(['rollback']).code, 0)
        t.match(await say({ command: 'load', wanted, known: [] }), {}, 'the confirmed one again')
        helper.kill('SIGTERM')
        t.equal(await helper.ended, 0)
      })
    }
  })
}
