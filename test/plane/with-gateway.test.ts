// The gateway takes the policy with the rules, and gives it back with them, whoever takes it back. Danger prevented: a firewall of one policy beside a
// proxy of another.
import t from 'tap'
import { join } from 'node:path'
import { askStatus } from '../../src/gateway/control.ts'
import { unable } from '../firewall/root.ts'
import { Stage, office } from '../firewall/stage.ts'
import { ADMIN, HEAD, MAIN, Stand, until } from './stand.ts'

const skip = unable(['ip', 'nft', 'iptables-restore', 'ip6tables-restore', 'conntrack', 'flock', 'nsenter'])
const HOSTS = [{ name: 'h5', addresses: ['192.168.51.5/24', 'fd00:51::5/64'] }]
const policyText = (name: string, services: string, more = ''): string =>
  `${HEAD.replace('name: office', `name: ${name}`)}${ADMIN}rules:\n  - { name: use, action: allow, from: green, to: gateway, services: proxy }\n  - { name: data, action: allow, from: green, to: internet, services: [${services}] }\n${more}`

t.test('the gateway', { skip, timeout: 200_000 }, async (t) => {
  const stage = new Stage()
  t.teardown(() => stage.close())
  await office(stage, HOSTS)
  const folder = t.testdir({})
  const stand = new Stand(stage, folder)
  const file = stand.policy('p.yaml', policyText('old', 'smtp'))
  const pid = join(folder, 'g.pid')
  const socket = join(folder, 'g.sock')
  const serve = async (): Promise<ReturnType<Stage['start']>> => {
    const child = stage.start('gw', 'env', ['-u', 'NODE_OPTIONS', process.execPath, MAIN, 'serve', '--policy', file, '--pid-file', pid, '--event-log', 'none', '--workers', '1'], { stderr: 'pipe' })
    await stage.said(child, 'listening on', 'stderr')
    child.stderr?.resume()
    return child
  }
  let gateway = await serve()
  const named = async (): Promise<string> => (await askStatus(socket)).policy
  const apply = (seconds: number): readonly string[] => ['apply', '--policy', file, '--pid-file', pid, '--confirm', String(seconds)]
  const first = stand.firewall(apply(0))
  t.match(first.out, /gateway +pid \d+ takes the same policy with the rules/, first.err)
  t.equal(first.code, 0)

  await t.test('takes the policy with the rules, and gives it back with them', async (t) => {
    stand.policy('p.yaml', policyText('new', 'pop3'))
    const applier = stand.begin(apply(60))
    await applier.says(/firewall confirm/)
    t.equal(await named(), 'new')
    t.match(stand.kernel(), /pop3|dport 110/)
    t.equal(stand.firewall(['rollback']).code, 0)
    t.equal(await applier.ended, 1)
    t.equal(await named(), 'old', 'although the file says something else')
    t.notMatch(stand.kernel(), /dport 110/)
  })

  await t.test('also long after it was confirmed, and forward again', async (t) => {
    t.equal(stand.firewall(apply(0)).code, 0)
    t.equal(await named(), 'new')
    const back = stand.firewall(['rollback'])
    t.equal(back.code, 0, back.err)
    t.match(back.out, /^in force: policy old/)
    t.equal(await named(), 'old', 'although the file says something else')
    t.match(stand.firewall(['rollback']).out, /^in force: policy new/)
    t.equal(await named(), 'new')
    stand.firewall(['rollback'])
    t.equal(await named(), 'old')
  })

  await t.test('also when the applier is killed, and when the gateway was started anew meanwhile', async (t) => {
    const applier = stand.begin(apply(4))
    await applier.says(/firewall confirm/)
    applier.kill()
    await until('the old rules', () => stand.pending() === undefined)
    t.equal(await named(), 'old')
    const other = stand.begin(apply(8))
    await other.says(/firewall confirm/)
    gateway.kill('SIGKILL')
    await until('it is gone', () => gateway.signalCode !== null || gateway.exitCode !== null)
    gateway = await serve()
    t.equal(await named(), 'new', 'it has loaded what its file says')
    t.equal(await other.ended, 1)
    t.equal(await named(), 'old', 'and is given the text that was confirmed')
  })

  await t.test('a policy that it does not take takes the rules back too', async (t) => {
    const before = stand.kernel()
    // whoever changes the file between the rules and the gateway: here the tool that loads them
    stand.tool('nft', `case "$*" in *-f*) $here && ! test -e ${folder}/done && { : >${folder}/done; "$real" "$@"; code=$?; echo 'web: {}' >>${file}; exit $code; } ;; esac\nexec "$real" "$@"`)
    const applied = stand.firewall(apply(60))
    t.equal(applied.code, 1)
    t.match(applied.err, /the proxy does not take the policy/)
    t.equal(await named(), 'old')
    t.equal(stand.kernel(), before)
    stand.realTools()
  })

  await t.test('one that serves another file keeps its policy, and is named', async (t) => {
    const other = stand.policy('other.yaml', policyText('other', 'imap'))
    const applied = stand.firewall(['apply', '--policy', other, '--pid-file', pid, '--confirm', '0'])
    t.match(applied.out, /the one that runs here serves another file, .*p\.yaml: it keeps its policy/)
    t.equal(await named(), 'old')
  })
})
