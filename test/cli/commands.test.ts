// The command line as a stranger meets it: help with an example everywhere, errors of use are 2 and say what to write, output for programs is steady.
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderFor, run } from '../gateway/process.ts'

/** As help tells them. */
async function commandsOf(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run([...args, '--help'])
  return [...stdout.slice(stdout.indexOf('\nCommands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1] ?? '')
}

/** Four at a time: each is a process of its own. */
async function all<T>(cases: readonly T[], one: (each: T) => Promise<void>): Promise<void> {
  const rest = [...cases]
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let each = rest.shift(); each !== undefined; each = rest.shift()) await one(each)
  }))
}

t.test('every command has its help, with an example', async (t) => {
  const names = await commandsOf()
  t.ok(names.length > 20 && names.includes('help'), names.join(' '))
  const parts = await commandsOf('firewall')
  t.ok(parts.length > 18, parts.join(' '))
  await all([...names, ...parts.map((part) => `firewall ${part}`)], async (name) => {
    const help = await run([...name.split(' '), '--help'])
    t.equal(help.code, 0, name)
    t.match(help.stdout, new RegExp(`Usage: greengate ${name}\\b`), name)
    t.match(help.stdout, /Examples?:\n\s+\$ (?:eval "\$\(|sudo )?greengate /, name)
    t.equal(help.stderr, '', name)
  })
})

const misuse: readonly (readonly [name: string, args: readonly string[], said: RegExp])[] = [
  ['no command', [], /Usage: greengate COMMAND/],
  ['an unknown command', ['serv'], /unknown command 'serv'\n\(Did you mean serve\?\)/],
  ['an unknown option', ['serve', '--prot', '1'], /unknown option '--prot'\n\(Did you mean --port\?\)/],
  ['a port that is none', ['serve', '--port', '80x'], /a port is a number from 0 to 65535/],
  ['a host that is no address', ['serve', '--host', 'eth0'], /write an address of this machine/],
  ['no workers', ['serve', '--workers', '0'], /from 1 to 256/],
  ['an argument too many', ['serve', 'now'], /too many arguments/],
  ['explain without a client', ['explain', 'http://example.com/'], /--from/],
  ['explain of nothing', ['explain', '--from', '127.0.0.1'], /missing required argument 'what'/],
  ['explain of nonsense', ['explain', '--from', '127.0.0.1', 'http://[::1/'], /greengate: /],
  ['explain of too much', ['explain', '--from', '127.0.0.1', 'a', 'b', 'c', 'd'], /ask one thing/],
  ['a time that is none', ['explain', '--from', '127.0.0.1', '--at', 'noon', 'a:443'], /`noon` is no time/],
  ['a MAC that is none', ['explain', '--from', '127.0.0.1', '--mac', 'x', 'a:443'], /write a MAC/],
  ['a method that is none', ['explain', '--from', '127.0.0.1', '--method', 'G T', 'http://a/'], /write a method/],
  ['a folder of several policies', ['explain', '--policy', 'policies', '--from', '127.0.0.1', 'a:443'], /holds 6 policies, and exactly one is needed\n {2}name one/],
  ['a policy named twice', ['check', 'a.yaml', '--policy', 'b.yaml'], /named twice/],
  ['a part of firewall that there is not', ['firewall', 'aply'], /`firewall` has no `aply`\n {2}did you mean `firewall apply`/],
  ['a part behind an option', ['firewall', '--policy', 'a.yaml', 'apply'], /`--policy` stands before `apply`/],
  ['help on nothing there is', ['help', 'nosuch'], /unknown command `nosuch`/],
]

t.test('errors of use are 2, go to standard error, and say what to write', async (t) => {
  await all(misuse, async ([name, args, said]) => {
    const end = await run(args)
    t.equal(end.code, 2, name)
    t.match(end.stderr, said, name)
    t.equal(end.stdout, '', name)
  })
})

t.test('version, help and schema', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  t.equal((await run(['version'])).stdout, `greengate ${version} (node ${process.versions.node}, ${process.platform} ${process.arch})\n`)
  t.match(JSON.parse((await run(['version', '--json'])).stdout), { greengate: version, node: process.versions.node })
  t.equal((await run(['--version'])).stdout, `${version}\n`)
  t.match((await run(['help'])).stdout, /serve .*\n\s+check/)
  t.equal((await run(['help', 'explain'])).stdout, (await run(['explain', '--help'])).stdout)
  const schema = JSON.parse((await run(['schema'])).stdout) as Record<string, unknown>
  t.match(schema, { $schema: /json-schema\.org/, type: 'object' })
})

t.test('a reader that leaves is no error', async (t) => {
  const end = spawnSync('sh', ['-c', `"${process.execPath}" src/main.ts schema | head -c 10`], { encoding: 'utf8' })
  t.equal(end.stderr, '')
})

t.test('output that found no room, or only in part, is an error', async (t) => {
  const folder = folderFor(t)
  // a file that may not grow is what a full disk is: the first octets are written, the rest is not
  // what a test runner or a cache hooks in writes files of its own
  for (const into of [`unset NODE_OPTIONS NODE_COMPILE_CACHE; trap '' XFSZ; ulimit -f 8; exec "$0" src/main.ts schema > "$1"`, 'exec "$0" src/main.ts version > /dev/full']) {
    const end = spawnSync('sh', ['-c', into, process.execPath, join(folder, 'out')], { encoding: 'utf8' })
    t.equal(end.status, 1, into)
    t.match(end.stderr, /^greengate: standard output cannot be written: E\w+: .+\n {2}what came out is not whole: .+\n$/, into)
  }
  const whole = spawnSync('sh', ['-c', 'exec "$0" src/main.ts schema > "$1"', process.execPath, join(folder, 'whole')], { encoding: 'utf8' })
  t.equal(whole.status, 0)
  t.equal(readFileSync(join(folder, 'whole'), 'utf8'), (await run(['schema'])).stdout)
})

t.test('a file that cannot be read or written is told with its mend, and no trace of us', async (t) => {
  // /proc takes no file of anybody's
  const cases: readonly (readonly [words: readonly string[], code: number, told: RegExp])[] = [
    [['firewall', 'units', '--write', '/proc'], 1, /^greengate: \/proc\/[\w.-]+ cannot be written: .+\n {2}nothing is left of it; .*name another: `--write FOLDER`\n$/],
    [['learn', '--log', 'test/report/observed.jsonl', '--write', '/proc/x.yaml'], 1, /greengate: `\/proc\/x\.yaml` cannot be written: there is no such folder\n {2}name another: `--write FILE`\n$/],
    [['rules', 'disable', 'mail', '--policy', '/nonexistent.yaml'], 4, /^\/nonexistent\.yaml:1:1: error: the policy cannot be read: there is no such file\n {2}name another: `--policy FILE`\n/],
    [['report', '--log', '/nonexistent'], 2, /^greengate: `\/nonexistent` cannot be read: there is no such file\n {2}name another file\n$/],
  ]
  await all(cases, async ([words, code, told]) => {
    const end = await run(words)
    t.equal(end.code, code, words.join(' '))
    t.match(end.stderr, told, words.join(' '))
  })
})

t.test('reload where no gateway is', async (t) => {
  const end = await run(['reload', '--pid-file', '/nonexistent/g.pid'])
  t.equal(end.code, 1)
  t.match(end.stderr, /no gateway answers at \/nonexistent\/g\.sock/)
})
