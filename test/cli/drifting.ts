// `greengate firewall diff` and `watch` on rules that were applied, on both back ends: nothing differs; a line that somebody added, one that he took away
// and everything taken away are told within a second, with the rule, and repaired; others' chains that can drop what we accept are told, and not touched.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run as exec, unable } from '../firewall/root.ts'
import type { Ran } from '../firewall/root.ts'
import { Stage } from '../firewall/stage.ts'
import { folderFor } from '../gateway/process.ts'

const MAIN = resolve('src/main.ts')
const skip = unable(['ip', 'iptables-restore', 'ip6tables-restore', 'nft', 'flock', 'nsenter'])

interface DiffJson {
  readonly same: boolean
  readonly none: boolean
  readonly first: boolean
  readonly parts: readonly { readonly part: string; readonly lines: readonly { readonly side: string; readonly text: string; readonly rule?: string; readonly place?: string }[] }[]
  readonly foreign: readonly { readonly where: string; readonly text: string }[]
}

interface EventJson extends DiffJson {
  readonly event: string
  readonly time: string
}

const TAMPER = {
  nft: {
    add: 'nft insert rule inet greengate green ip saddr 192.168.51.99 accept',
    remove: 'nft delete rule inet greengate green handle $(nft -a list chain inet greengate green | sed -n "s/.*gg:rule:mail.*# handle //p" | head -n 1)',
    all: 'nft delete table inet greengate',
  },
  iptables: {
    add: 'iptables -I GG_GREEN 1 -s 192.168.51.99 -j ACCEPT',
    remove: 'iptables -D GG_GREEN $(iptables -L GG_GREEN --line-numbers -n | sed -n "s/^\\([0-9]*\\) .*gg:rule:mail.*/\\1/p" | head -n 1)',
    all: 'iptables-save -c | grep -vE "(:| )GG_" | iptables-restore -c',
  },
} as const

interface Gateway {
  readonly stage: Stage
  readonly file: string
  readonly state: string
  readonly greengate: (...args: readonly string[]) => Ran
  readonly diff: (...more: readonly string[]) => DiffJson & { readonly code: number }
  readonly apply: () => Ran
}

type Teardown = Parameters<typeof folderFor>[0]

/** A namespace with nothing in it, and the office's policy beside it. */
function gatewayFor(t: Teardown, backend: 'nft' | 'iptables'): Gateway {
  const stage = new Stage()
  t.teardown(() => stage.close())
  stage.add('gw')
  const folder = folderFor(t, { 'office.yaml': readFileSync('policies/office.yaml', 'utf8') })
  const [file, state] = [join(folder, 'office.yaml'), join(folder, 'state')]
  const greengate = (...args: readonly string[]): Ran => exec('ip', ['netns', 'exec', stage.space('gw'), process.execPath, MAIN, 'firewall', ...args, '--state', state])
  const diff = (...more: readonly string[]): DiffJson & { readonly code: number } => {
    const { code, out, err } = greengate('diff', '--json', ...more)
    if (out === '') throw new Error(err)
    return { code, ...(JSON.parse(out) as DiffJson) }
  }
  const apply = (): Ran => greengate('apply', '--policy', file, '--backend', backend, '--confirm', '0')
  return { stage, file, state, greengate, diff, apply }
}

export function differing(backend: 'nft' | 'iptables'): void {
  t.test(`diff, by ${backend}`, { skip, timeout: 110_000 }, async (t) => {
    const { stage, file, greengate, diff, apply } = gatewayFor(t, backend)
    const { add, remove } = TAMPER[backend]
    t.match(diff('--policy', file, '--backend', backend), { code: 5, none: true }, 'before there are any')
    const applied = apply()
    t.equal(applied.code, 0, applied.err)

    await t.test('diff: the same, then each change with its rule', async (t) => {
      t.match(diff(), { code: 0, same: true, parts: [], first: true })
      t.match(diff('--policy', file), { code: 0, same: true }, 'against the policy by its name too')
      stage.must('gw', add)
      stage.must('gw', remove)
      const told = diff()
      t.match(told, { code: 5, same: false })
      const lines = told.parts.flatMap(({ lines: own }) => own)
      t.ok(lines.some(({ side, text }) => side === 'kernel' && text.includes('192.168.51.99')), 'what somebody added')
      t.ok(lines.some(({ side, rule, place }) => side === 'policy' && rule === 'mail' && place?.endsWith('office.yaml:33') === true), 'what he took away, and which rule it was')
      t.ok(lines.filter(({ side }) => side !== 'both').every(({ text, rule }) => text.includes('192.168.51.99') || rule === 'mail'), 'and nothing else')
      const text = greengate('diff')
      t.equal(text.code, 5)
      t.match(text.out, /lines? differs? [\s\S]*\n- .*gg:rule:mail.* {4}← mail \(.*office\.yaml:33\)/)
      t.equal(apply().code, 0)
      t.match(diff(), { code: 0, same: true })
    })

    await t.test('others on the same hooks are told, and are no difference; a jump that is not first is one', async (t) => {
      t.same(diff().foreign, [])
      stage.must('gw', 'nft "add table ip other; add chain ip other through { type filter hook forward priority 10 ; policy drop ; }; add chain ip other sub; add rule ip other sub tcp dport 25 drop; add rule ip other through jump sub"')
      stage.must('gw', 'ip6tables -t mangle -A FORWARD -p tcp -j DROP')
      const { code, foreign } = diff()
      t.equal(code, 0)
      t.match(foreign.map(({ where, text }) => `${where}: ${text}`).sort(), [/^ip6tables mangle FORWARD: 1 of its rules can drop/, /^nft ip other through: its policy is drop, and 1 of its rules can drop \(priority 10\)/])
      stage.must('gw', 'nft delete table ip other; ip6tables -t mangle -F FORWARD')
      if (backend === 'nft') return
      stage.must('gw', 'iptables -I INPUT 1 -s 198.51.100.9 -j ACCEPT')
      const second = diff()
      t.match(second, { code: 5, first: false })
      t.match(second.foreign, [{ where: 'iptables filter INPUT', text: /1 rule before our jump/ }])
      stage.must('gw', 'iptables -D INPUT 1')
    })
  })
}

export function watching(backend: 'nft' | 'iptables', repair: boolean): void {
  t.test(`watch${repair ? ' and repair' : ''}, by ${backend}`, { skip, timeout: 110_000 }, async (t) => {
    const { stage, state, greengate, diff, apply } = gatewayFor(t, backend)
    const { add, all } = TAMPER[backend]
    t.equal(apply().code, 0)
    const child = stage.start('gw', process.execPath, [MAIN, 'firewall', 'watch', '--json', '--state', state, ...(repair ? ['--repair'] : [])])
    const events: EventJson[] = []
    let held = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (held + String(chunk)).split('\n')
      held = lines.pop() ?? ''
      events.push(...lines.map((line) => JSON.parse(line) as EventJson))
    })
    const wait = async (event: string, from = 0): Promise<EventJson | undefined> => {
      for (let tries = 0; tries < 200 && !events.slice(from).some((each) => each.event === event); tries++) await sleep(50)
      return events.slice(from).find((each) => each.event === event)
    }
    t.ok(await wait('clean'), 'it begins')
    for (const tamper of [add, all]) {
      const from = events.length
      stage.must('gw', tamper)
      const at = Date.now()
      const drift = await wait('drift', from)
      const ms = Date.parse(drift?.time ?? '') - at
      t.ok(ms < 2_000, `told after ${ms} ms`)
      t.comment(`${backend}: told after ${ms} ms`)
      if (!repair) {
        t.equal(apply().code, 0)
        t.ok(await wait('clean', from), 'an apply is no drift')
        continue
      }
      t.ok(await wait('repaired', from), 'repaired')
      t.match(diff(), { code: 0, same: true, first: true })
    }
    const from = events.length
    t.equal(greengate('flush').code, 0)
    t.match(await wait('problem', from), { problem: /^none of our rules is in force, by a command of ours/ }, 'a flush is no drift')
    t.notOk(events.slice(from).some(({ event }) => event === 'repaired'), 'and nothing is written anew')
    t.match(diff(), { code: 5, none: true }, 'beside what was confirmed, without naming it')
    // killed as hard as can be, it leaves no reader of the kernel behind
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    for (let tries = 0; tries < 40 && exec('ip', ['netns', 'pids', stage.space('gw')]).out !== ''; tries++) await sleep(50)
    t.equal(exec('ip', ['netns', 'pids', stage.space('gw')]).out, '')
  })
}
