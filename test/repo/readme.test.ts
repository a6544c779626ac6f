// README tells the truth (what its commands print: readme-shown.test.ts): its tables name what exists and leave out nothing of the language,
// its links lead somewhere.
import t from 'tap'
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '../../src/cli/program.ts'
import { jsonSchema } from '../../src/policy/schema.ts'
import { firstColumn, section } from './readme.ts'
import { ROOT, projectPaths, read, sources, withoutComments } from './tree.ts'

/** `check`, `firewall usage`: with the lines of its help. As processes they are asked in test/cli/commands.test.ts. */
function everyCommand(of: Command, words: readonly string[] = []): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const command of of.createHelp().visibleCommands(of)) {
    const name = [...words, command.name()]
    let text = ''
    command.configureOutput({ writeOut: (more) => (text += more) }).outputHelp()
    found.set(name.join(' '), text.split('\n'))
    for (const [each, lines] of everyCommand(command, name)) found.set(each, lines)
  }
  return found
}

const commands = everyCommand(await buildProgram(['help']))

t.test('every command is there, and no other', async (t) => {
  const named = firstColumn(section('Commands')).filter((word) => /^[a-z]+(?: [a-z]+)*$/.test(word))
  t.same(named.sort(), [...commands.keys()].sort())
})

t.test('every option of a command exists, and every option is told', async (t) => {
  const text = section('Commands')
  const all = new Set(text.match(/--[a-z][a-z-]*/g))
  const known = new Set<string>()
  for (const [command, lines] of commands) {
    if (!lines.some((line) => /^Examples?:/.test(line))) t.fail(`${command} --help shows no example`)
    for (const line of lines) for (const option of /^ {2}(?:-\w, )?(--[a-z][a-z-]*)/.exec(line)?.slice(1) ?? []) known.add(option)
  }
  for (const option of all) if (!known.has(option) && option !== '--help') t.fail(`no command has ${option}`)
  for (const option of known) if (!all.has(option) && option !== '--version') t.fail(`README does not tell ${option}`)
  t.ok(all.size > 10)
})

t.test('the policy reference names every key of the language, and nothing else', async (t) => {
  const text = section('Policy reference')
  const keys = schemaKeys(jsonSchema())
  const told = new Set([...text.matchAll(/`([a-z][a-z0-9-]*)(?:: [^`]*)?`/g)].map((match) => match[1] ?? ''))
  t.same([...keys].filter((key) => !told.has(key)), [], 'every key is told')
  const forms = new Set(firstColumn(section('Names and forms')))
  t.same(firstColumn(text).filter((word) => !keys.has(word) && !forms.has(word)), [], 'every key in a first column exists')
})

t.test('every field of the event log is a field of the event log', async (t) => {
  const code = read('src/log/event-line.ts').text
  const fields = new Set([...code.slice(code.indexOf('export function eventLine')).matchAll(/[{,]"([a-zA-Z]+)":/g)].map((match) => match[1] ?? '').filter((field) => field !== 'level'))
  t.same(firstColumn(section('The log')).sort(), [...fields].sort())
})

t.test('every error code is one that the code says, and every one is told', async (t) => {
  const said = new Set<string>()
  for (const { path, text } of sources()) {
    if (/^src\/(http|tls|proxy)\//.test(path)) for (const match of withoutComments(text).matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)) said.add(match[1] ?? '')
  }
  // how the reader of a ClientHello tells its caller; what is recorded of it are other words
  for (const word of ['no_extension', 'too_large']) said.delete(word)
  t.ok(said.size > 5)
  t.same(firstColumn(section('Refusals')).sort(), [...said].sort())
})

t.test('every dependency has its line', async (t) => {
  const manifest = JSON.parse(read('package.json').text) as Readonly<Record<string, Readonly<Record<string, string>>>>
  const text = section('Dependencies')
  const installed = [...Object.keys(manifest['dependencies'] ?? {}), ...Object.keys(manifest['optionalDependencies'] ?? {})]
  t.same(firstColumn(text).sort(), installed.sort())
})

t.test('every policy that is shipped has its line, and links lead somewhere', async (t) => {
  const { text } = read('README.md')
  for (const path of projectPaths().filter((path) => /^policies\/[^/]+\.yaml$/.test(path))) t.ok(text.includes(`(${path})`), path)
  for (const page of ['README.md', 'src/README.md', 'certs/README.md']) {
    for (const match of read(page).text.matchAll(/\]\(([^)#:]+)\)/g)) {
      const target = join(ROOT, page, '..', match[1] ?? '')
      t.ok(existsSync(target), `${page} → ${match[1]}`)
    }
  }
})

t.test('the scripts of npm that pages name are there', async (t) => {
  const manifest = JSON.parse(read('package.json').text) as { readonly scripts: Readonly<Record<string, string>> }
  for (const page of ['README.md', 'src/README.md', 'certs/README.md']) {
    for (const match of read(page).text.matchAll(/\bnpm (?:run )?([a-z]+)/g)) {
      const word = match[1] ?? ''
      if (['ci', 'install'].includes(word) || !/^(?:run |start|test)/.test(match[0].slice(4))) continue
      t.ok(word in manifest.scripts, `${page}: npm ${word}`)
    }
  }
})

t.test('the map names the rooms that are there', async (t) => {
  const rooms = [...new Set(projectPaths().flatMap((path) => /^src\/([a-z]+)\//.exec(path)?.[1] ?? []))]
  const text = read('src/README.md').text
  for (const room of rooms) t.match(text, `| \`${room}/\` |`, room)
  const files = [...text.matchAll(/`((?:[a-z-]+\/)+[a-z.-]+\.(?:ts|cjs|yaml))`/g)].map((match) => match[1] ?? '')
  t.same(files.filter((file) => !existsSync(join(ROOT, 'src', file)) && !existsSync(join(ROOT, file))), [], 'and files that are there')
})

/** Every key that an object of the language may have, names of the author's apart. */
function schemaKeys(schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && typeof value === 'object' && value !== null) for (const name of Object.keys(value)) found.add(name)
    schemaKeys(value, found)
  }
  return found
}
