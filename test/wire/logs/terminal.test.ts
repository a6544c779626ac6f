// A policy by another's hand, under a name of any kind: neither what commands print of it, nor what the gateway says at its start and at a reload, rules
// the terminal that shows it.
import t from 'tap'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { folderFor, run, serve, until } from '../../gateway/process.ts'
import { HARMFUL } from './strange.ts'

const NAME = 'p\x1b[31m\u009b\u202e\x07\u2028.yaml'
const QUOTED = '"a\\e[2J\\u009b31m\\u202e\\u2066\\u200b\\u2028\\x07\\x9b b"'

const BAD = `version: 1
name: ${QUOTED}
rules:
  - { name: "x\\e]0;t\\a", action: allow, from: any, to: gateway, services: proxy }
  - { name: y, action: allow, from: "no\u202e\u2066where\u009b", to: gateway, services: proxy }
  - { name: z, action: allow, from: any, to: gateway, services: "\\e[c" }
\u202ekey\u200b: 1
lists: { l: { domains: "fi\\e[31mle\\u202e" } }
web: { rules: [ { name: w, action: deny, uri: ["(\\e["] }, { name: v, action: deny, list: l } ] }
`
const GOOD = `version: 1
name: ${QUOTED}
rules:
  - { name: use, action: allow, from: any, to: gateway, services: proxy, reason: ${QUOTED}, remark: ${QUOTED} }
web:
  default: allow
  contact: ${QUOTED}
  rules:
    - { name: closed, action: deny, host: [closed.test], reason: ${QUOTED} }
`

function harmless(t: { notMatch(text: string, pattern: RegExp, message: string): unknown }, { stdout, stderr }: { readonly stdout: string; readonly stderr: string }, what: string): void {
  t.notMatch(`${stdout}${stderr}`.replaceAll('\t', ' '), HARMFUL, what)
}

t.test('commands', { timeout: 110_000 }, async (t) => {
  const folder = folderFor(t)
  const file = join(folder, NAME)
  await writeFile(file, BAD)
  const text = await run(['check', file])
  t.equal(text.code, 4)
  t.match(text.stderr, /unknown key/)
  harmless(t, text, 'check')
  const json = await run(['check', '--json', file])
  harmless(t, json, 'check --json')
  const told = JSON.parse(json.stdout) as { readonly files: readonly { readonly file: string; readonly diagnostics: readonly { readonly message: string }[] }[] }
  t.equal(told.files[0]?.file, file, 'a program reads what is there')
  t.ok(told.files[0]?.diagnostics.some(({ message }) => message.includes('\u202e')))
  await writeFile(file, GOOD)
  const explained = await run(['explain', '--policy', file, '--from', '192.168.51.35', 'http://closed.test/'])
  t.equal(explained.code, 3)
  harmless(t, explained, 'explain')
})

t.test('the gateway', { timeout: 110_000 }, async (t) => {
  const folder = folderFor(t)
  const file = join(folder, NAME)
  await writeFile(file, GOOD)
  const gateway = await serve(t, ['--policy', file, '--port', '0', '--workers', '1', '--pid-file', join(folder, 'g.pid')])
  await writeFile(join(folder, 'bad'), BAD)
  await rename(join(folder, 'bad'), file)
  const reload = await run(['reload', '--pid-file', join(folder, 'g.pid')])
  t.equal(reload.code, 4)
  harmless(t, reload, 'reload')
  await until('the log tells it', () => gateway.stdout().includes('reload-failed'), 20_000)
  process.kill(gateway.pid, 'SIGTERM')
  await gateway.ended
  harmless(t, { stdout: gateway.stdout(), stderr: gateway.stderr() }, 'serve')
})
