// The lock-out drill: rules that nobody confirms go, whatever becomes of who applied them; only a new session keeps them; a restart loads what was
// confirmed; what is others' stays byte for byte. With real connections; a file a back end calls it.
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { FOREIGN, LOCKED, OPEN, SHUT, Stand, until } from './stand.ts'
import type { BackendName } from './stand.ts'

const skip = unable(['ip', 'nft', 'iptables-restore', 'ip6tables-restore', 'conntrack', 'flock', 'nsenter', 'ss'])
const HOSTS = [
  { name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] },
  { name: 'adm', addresses: ['192.168.51.200/24', 'fd00:51::200/64'], mac: '02:51:00:00:00:ad' },
]
const GATEWAY = '192.168.51.254'

/** `waiting`: how an apply ends. `faults`: what goes wrong, and the ways out. */
export function drill(backend: BackendName, part: 'waiting' | 'faults'): void {
  t.test(`${backend}, ${part}`, { skip, timeout: 280_000 }, async (t) => {
    const stage = new Stage()
    t.teardown(() => stage.close())
    await office(stage, HOSTS)
    await stage.listen('gw', 'gateway', [22, 222], [])
    stage.must('gw', FOREIGN)
    const stand = new Stand(stage, t.testdir({}))
    const [open, shut, locked] = [stand.policy('open.yaml', OPEN), stand.policy('shut.yaml', SHUT), stand.policy('locked.yaml', LOCKED)]
    const reach = async (space: string, port: number): Promise<string> => (await stage.probe(space, [{ protocol: 'tcp', host: GATEWAY, port }]))[0]?.split(' ')[0] ?? ''
    const foreign = stand.kernel()
    const apply = (policy: string, seconds: number): readonly string[] => ['apply', '--policy', policy, '--backend', backend, '--confirm', String(seconds)]

    if (part === 'waiting') await waiting()
    else await faults()

    async function waiting(): Promise<void> {
      await t.test('not confirmed, and the applier killed with -9: the old rules return', async (t) => {
        const applier = stand.begin(apply(locked, 3))
        await applier.says(/firewall confirm/)
        const watchdog = stand.watchdog()
        t.equal(await reach('h5', 22), 'silence', 'locked out')
        applier.kill()
        await until('the old rules', () => stand.pending() === undefined)
        t.equal(stand.kernel(), foreign, 'byte for byte, others\' rules too')
        t.equal(await reach('h5', 22), 'gateway:22', 'and in again')
        await until('the watchdog ends', () => stage.exec('gw', `kill -0 ${watchdog}`).code !== 0)
        t.match(stand.firewall(['status']).out, /in force +none of our rules[\s\S]*waits +nothing/)
      })

      await t.test('confirmed from a new session alone: not from one that is older, nor one that is not, nor "locally" from afar', async (t) => {
        stage.hold('adm', GATEWAY, 222)
        await until('the session', () => stand.sessions(222).length === 1)
        const [old = ''] = stand.sessions(222)
        const applier = stand.begin(apply(open, 60), { SSH_CONNECTION: old })
        await applier.says(/firewall confirm/)
        t.match(applier.out, /admin +02:51:00:00:00:ad: seen at 192\.168\.51\.200.*; always reaches tcp 222\n/)
        t.match(applier.out, /session +from 192\.168\.51\.200 \(02:51:00:00:00:ad, the admin's\); a new one to port 222: allowed by admin\n/)
        const token = stand.token()
        const second = stand.firewall(apply(open, 60))
        t.equal(second.code, 1)
        t.match(second.err, /another apply waits for its confirmation/)
        const refusals: readonly (readonly [Readonly<Record<string, string>>, readonly string[], RegExp])[] = [
          [{ SSH_CONNECTION: old }, [token], /older than the rules/],
          [{ SSH_CONNECTION: '192.168.51.200 1 192.168.51.254 222' }, [token], /knows no open connection/],
          [{ SSH_CONNECTION: 'nonsense' }, [token], /is no connection/],
          [{}, [token], /does not come over SSH/],
          [{ SSH_CONNECTION: old }, [token, '--local'], /this is no console/],
          [{}, ['aaaa-aaaa', '--local'], /is not the token/],
        ]
        for (const [env, args, pattern] of refusals) {
          const refused = stand.firewall(['confirm', ...args], env)
          t.equal(refused.code, 1, String(pattern))
          t.match(refused.err, pattern)
        }
        stage.hold('adm', GATEWAY, 222)
        await until('the new session', () => stand.sessions(222).length === 2)
        const fresh = stand.sessions(222).find((each) => each !== old) ?? ''
        const confirmed = stand.firewall(['confirm', token], { SSH_CONNECTION: fresh })
        t.match(confirmed.out, /^confirmed from 192\.168\.51\.200 port \d+: policy office /, confirmed.err)
        t.equal(await applier.ended, 0)
        t.match(applier.out, /^confirmed: from 192\.168\.51\.200/m)
        t.match(stand.firewall(['status']).out, /confirmed +yes/)
        t.equal(stand.firewall(['confirm', token, '--local']).code, 1, 'once')
      })

      const good = stand.kernel()
      await t.test('the session lost, the terminal gone: the wait goes on, and the rules return', async (t) => {
        const applier = stand.begin(apply(locked, 4))
        await applier.says(/firewall confirm/)
        applier.child.stdout?.destroy()
        applier.child.stderr?.destroy()
        applier.kill('SIGHUP')
        await sleep(1_000)
        t.ok(stand.pending() !== undefined, 'it waits still')
        t.equal(await applier.ended, 1)
        t.equal(stand.kernel(), good)
      })

      await t.test('the watchdog killed: the applier takes back; Ctrl-C takes back at once', async (t) => {
        const applier = stand.begin(apply(shut, 3))
        await applier.says(/firewall confirm/)
        process.kill(stand.watchdog(), 'SIGKILL')
        t.equal(await applier.ended, 1)
        t.match(applier.err, /rolled back: nobody confirmed within 3 s/)
        t.equal(stand.kernel(), good)
        const other = stand.begin(apply(shut, 60))
        await other.says(/firewall confirm/)
        other.kill('SIGINT')
        t.equal(await other.ended, 1)
        t.match(other.err, /rolled back: the apply was ended by SIGINT/)
        t.equal(stand.kernel(), good)
      })

      await t.test('killed in the middle of the load: taken back at once', async (t) => {
        const [tool, marker] = [backend === 'nft' ? 'nft' : 'iptables-restore', join(stand.state, 'slow')]
        writeFileSync(marker, '')
        // the first load of the machine hangs when it is done
        stand.tool(tool, `case "$*" in *-f*|*--noflush*) if $here && rm ${marker} 2>/dev/null; then "$real" "$@"; echo $? >${marker}.done; exec sleep 600; fi ;; esac\nexec "$real" "$@"`)
        const applier = stand.begin(apply(locked, 60))
        await until('it hangs', () => stage.exec('gw', `test -e ${marker}.done`).code === 0)
        t.not(stand.kernel(), good)
        applier.kill()
        await until('the old rules', () => stand.pending() === undefined, 20_000)
        t.equal(stand.kernel(), good)
        stand.realTools()
      })

    }

    async function faults(): Promise<void> {
      t.equal(stand.firewall(apply(open, 0)).code, 0)
      const good = stand.kernel()

      await t.test('what does not load changes nothing in any table or family', async (t) => {
        // in the throw-away namespace
        const [tool, broken] = backend === 'nft'
          ? ['nft', 'sed "s/goto vetted/goto nowhere/" | "$real" "$@"; exit'] as const
          : ['iptables-restore', 'sed "s/GG_VETTED$/GG_NOWHERE/" | "$real" "$@"; exit'] as const
        stand.tool(tool, `case "$*" in *-f*|*--noflush*) $here || { ${broken}; } ;; esac\nexec "$real" "$@"`)
        const tried = stand.firewall(apply(shut, 60))
        t.equal(tried.code, 1)
        t.match(tried.err, /do(?:es)? not load.*nothing was changed/)
        t.equal(stand.kernel(), good)
        // on the machine alone: IPv6 is loaded by then where it is a transaction of its own
        stand.tool(tool, `case "$*" in *-f*|*--noflush*) if $here; then n=$(cat ${stand.state}/n 2>/dev/null || echo 0); echo $((n+1)) >${stand.state}/n; [ $n -gt 0 ] || { ${broken}; }; fi ;; esac\nexec "$real" "$@"`)
        const loaded = stand.firewall(apply(shut, 60))
        t.equal(loaded.code, 1)
        t.match(loaded.err, /not applied, the rules from before are in force/)
        t.equal(stand.kernel(), good)
        t.equal(stand.pending(), undefined)
        stand.realTools()
        const bad = stand.policy('bad.yaml', `${OPEN}  - { name: mail, action: allow, from: nobody, to: any }\n`)
        t.equal(stand.firewall(apply(bad, 60)).code, 4)
        t.equal(stand.kernel(), good)
      })

      await t.test('rules that the kernel lists otherwise than they were tried are taken back', async (t) => {
        const [tool, change] = backend === 'nft' ? ['nft', 's/tcp dport 222/tcp dport 223/'] as const : ['iptables-restore', 's/--dport 222/--dport 223/'] as const
        stand.tool(tool, `case "$*" in *-f*|*--noflush*) if $here && ! test -e ${stand.state}/once; then : >${stand.state}/once; sed "${change}" | "$real" "$@"; exit; fi ;; esac\nexec "$real" "$@"`)
        const applied = stand.firewall(apply(shut, 60))
        t.equal(applied.code, 1)
        t.match(applied.err, /the kernel lists other rules than those that were loaded/)
        t.equal(stand.kernel(), good)
        stand.realTools()
      })

      await t.test('tools that are too old are refused, with the kernel named', async (t) => {
        const [tool, old] = backend === 'nft' ? ['nft', 'nftables v0.9.0 (Fearless Fosdick)'] as const : ['ip6tables', 'ip6tables v1.4.21'] as const
        stand.tool(tool, `case "$*" in --version) echo '${old}'; exit ;; esac\nexec "$real" "$@"`)
        const refused = stand.firewall(apply(shut, 60))
        t.equal(refused.code, 1)
        t.match(refused.err, new RegExp(`${tool} ${/v([\d.]+)/.exec(old)?.[1] ?? ''}.* with kernel \\d.*: the rules need `))
        t.equal(stand.kernel(), good)
        stand.realTools()
      })

      await t.test('a restart loads what was confirmed, and not what waited; where that is spoilt, all is closed but for the admin', async (t) => {
        t.equal(stand.firewall([...apply(locked, 600), '--detach']).code, 0)
        const watchdog = stand.watchdog()
        // the machine is off: its watchdog with it
        process.kill(watchdog, 'SIGKILL')
        stage.add('again')
        const again = stand.in('again')
        const booted = again.firewall(['boot'])
        t.equal(booted.code, 0, booted.err)
        t.match(booted.out, /^loaded: policy office \([0-9a-f]{16}\), generation \d+, as it was confirmed\n$/)
        const own = (space: string): string => stage.must(space, backend === 'nft' ? 'nft -s list table inet greengate' : 'iptables-save; ip6tables-save').split('\n')
          .filter((line) => backend === 'nft' || /^(?::GG_|-A GG_|-A \S+ -j GG_)/.test(line)).join('\n').replace(/\[\d+:\d+\]/g, '')
        t.not(own('gw'), own('again'), 'the machine before still has what nobody confirmed')
        stand.firewall(['boot'])
        t.equal(own('again'), own('gw'))
        t.equal(stand.kernel(), good)
        t.match(again.firewall(['status']).out, /confirmed +yes[\s\S]*waits +nothing/)
        stage.add('third')
        writeFileSync(join(stand.state, 'last-good.json'), '{ "version": 1, "rules": { "nft": ')
        const spoilt = stand.in('third').firewall(['boot'])
        t.equal(spoilt.code, 1)
        t.match(spoilt.err, /the confirmed rules do not load: [\s\S]*all is closed but for the admin/)
        t.match(stand.in('third').kernel(), /02:51:00:00:00:ad/)
      })

      await t.test('what the policy says of the machine and is not so is told before, and what becomes of the session by it', async (t) => {
        const wrong = stand.policy('wrong.yaml', OPEN.replace('interface: green0', 'interface: grene0'))
        const told = stand.firewall(['apply', '--policy', wrong, '--backend', backend, '--dry-run'], { SSH_CONNECTION: '192.168.51.5 50000 192.168.51.254 22' })
        t.equal(told.code, 0, told.err)
        t.match(told.out, /^session +from 192\.168\.51\.5 .*: DENIED by default: it comes in through green0, which is not green\nAMISS +this machine has no interface grene0 /m)
      })

      await t.test('flush takes ours out and nothing else; panic closes all but for the admin', async (t) => {
        const panic = stand.firewall(['panic'])
        t.match(panic.out, /all closed[\s\S]*the admin is kept, as the policy that was confirmed last named him/, panic.err)
        t.same([await reach('h5', 22), await reach('adm', 22), await reach('adm', 222)], ['silence', 'silence', 'gateway:222'])
        t.equal(stand.firewall(['rollback']).code, 0)
        t.same([await reach('h5', 22), await reach('adm', 222)], ['gateway:22', 'gateway:222'])
        t.equal(stand.kernel(), good)
        const named = stand.firewall(['panic', '--policy', open])
        t.match(named.out, /the admin is kept: tcp 222 for 02:51:00:00:00:ad/)
        t.same([await reach('h5', 22), await reach('adm', 222)], ['silence', 'gateway:222'])
        t.match(stand.firewall(['status']).out, /^in force +all is closed but for the admin: a panic[\s\S]*confirmed +NO/)
        const flushed = stand.firewall(['flush'])
        t.match(flushed.out, /to the gateway itself: OPEN[\s\S]*IPv4 past it: OPEN, forwarding is on/)
        t.equal(stand.kernel(), foreign)
      })
    }
  })
}
