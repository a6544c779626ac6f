// `greengate check`: clean is 0, errors are 4, warnings are 4 under --strict; each is told with its place, its line, a caret and the mend.
import t from 'tap'
import { join } from 'node:path'
import { folderFor, OPEN_POLICY, run } from '../gateway/process.ts'

t.test('the shipped policies are clean', async (t) => {
  const end = await run(['check', 'policies', '--strict'])
  t.equal(end.stderr, '')
  t.equal(end.code, 0)
  t.match(end.stdout, /^policies\/ci\.yaml: ok \(/)
  t.equal(end.stdout.trim().split('\n').length, 6)
  t.equal((await run(['check'])).code, 0, 'the default policy where none is named')
})

t.test('an error has its place, its line, a caret and the mend', async (t) => {
  const folder = folderFor(t, { 'p.yaml': `${OPEN_POLICY}addresses:\n  Staff: [192.168.51.32/24]\n` })
  const file = join(folder, 'p.yaml')
  const end = await run(['check', file])
  t.equal(end.code, 4)
  t.match(end.stderr, new RegExp(`^${file}:14:11: error: .*\`192\\.168\\.51\\.32/24\`.*\\n {4}Staff: \\[192\\.168\\.51\\.32/24\\]\\n {12}\\^+\\n {2}.*192\\.168\\.51\\.0/24`, 'm'))
  t.match(end.stdout, new RegExp(`^${file}: 1 error`))
})

t.test('a warning is one, and under --strict an error', async (t) => {
  const folder = folderFor(t, { 'p.yaml': `${OPEN_POLICY}addresses:\n  Staff: [192.168.51.32/27]\n` })
  const file = join(folder, 'p.yaml')
  const lenient = await run(['check', '--policy', file])
  t.equal(lenient.code, 0)
  t.match(lenient.stderr, /14:3: warning: .*Staff/)
  t.match(lenient.stdout, /: 1 warning \(/)
  t.equal((await run(['check', file, '--strict'])).code, 4)
})

t.test('files that the policy names: one that is missing is an error, bad lines are one counted warning', async (t) => {
  const lists = `${OPEN_POLICY}lists:\n  ads: { domains: ads }\n  gone: { hosts: gone }\nblocks:\n  apps: { file: blocked }\n`
  const folder = folderFor(t, { 'p.yaml': lists, ads: 'ads.example\nnot a name\nneither this\n', blocked: '# heading\n192.168.51.9\nnonsense\n' })
  const end = await run(['check', join(folder, 'p.yaml')])
  t.equal(end.code, 4)
  t.match(end.stderr, /p\.yaml:15:\d+: error: lists\.gone\.hosts: `.*gone` cannot be read: there is no such file/)
  t.match(end.stderr, /p\.yaml:14:\d+: warning: 2 lines are left out of `.*ads`; the first is line 2: `not a name`/)
  t.match(end.stderr, /p\.yaml:17:\d+: warning: 1 line is left out of `.*blocked`; the first is line 3: `nonsense`/)
})

t.test('a line of a blocks file whose port is none of its services blocks nothing, and is told', async (t) => {
  const policy = `${OPEN_POLICY}blocks:\n  msn: { file: blocked, services: msnp }\n`
  const folder = folderFor(t, { 'p.yaml': policy, blocked: '192.168.51.9\n192.168.51.8:25\n192.168.51.7:1863\n' })
  const end = await run(['check', join(folder, 'p.yaml')])
  t.equal(end.code, 0)
  t.match(end.stderr, /warning: 1 line is left out of `.*blocked`; the first is line 2: `192\.168\.51\.8:25`/)
})

t.test('a policy nested without end is told, not thrown', async (t) => {
  const folder = folderFor(t, { 'p.yaml': 'version: 1\naddresses: &all\n  A: *all\n' })
  const end = await run(['check', join(folder, 'p.yaml')])
  t.equal(end.code, 4)
  t.match(end.stderr, /error: the file is nested too deeply/)
  t.notMatch(end.stderr, /at .*\.ts:\d+/)
})

t.test('--json keeps its keys', async (t) => {
  const folder = folderFor(t, { 'a.yaml': OPEN_POLICY, 'b.yaml': 'version: 1\nnonsense: 1\n', 'c.txt': 'not a policy' })
  const end = await run(['check', folder, '--json'])
  t.equal(end.code, 4)
  t.equal(end.stderr, '')
  const told = JSON.parse(end.stdout) as { files: { diagnostics: object[] }[] }
  t.match(told, {
    ok: false,
    files: [
      { file: join(folder, 'a.yaml'), ok: true, errors: 0, warnings: 0, hash: /^[0-9a-f]{16}$/, diagnostics: [] },
      { file: join(folder, 'b.yaml'), ok: false, errors: 1 },
    ],
  })
  t.match(told.files[1]?.diagnostics[0], { file: join(folder, 'b.yaml'), line: 2, column: 1, severity: 'error', code: String, message: String })
})

t.test('what is no policy', async (t) => {
  const folder = folderFor(t)
  t.equal((await run(['check', join(folder, 'missing.yaml')])).code, 4)
  const empty = await run(['check', folder])
  t.equal(empty.code, 2)
  t.match(empty.stderr, /holds no policy/)
})
