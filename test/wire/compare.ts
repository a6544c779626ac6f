// The same case files before ours and before Debian's Squid, whole and uncut, and the table of both for README.md.
// use: node test/wire/compare.ts [--write] [--show] [RULE...]   --write puts the table into README.md, --show prints each difference of the peer's
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPolicy, startGateway } from '../proxy/gateway.ts'
import type { WireCase } from './case.ts'
import { caseFiles } from './files.ts'
import { hostsFile } from './run.ts'
import { sourcesOf } from './sources.ts'
import { startSquid } from './squid.ts'
import { tryAll, type Trial } from './stage.ts'
import { BEGIN, END, tableOf, type Row } from './table.ts'

const args = process.argv.slice(2)
const rules = args.filter((each) => !each.startsWith('--'))
const teardowns: (() => unknown)[] = []
const test = { teardown: (action: () => unknown) => void teardowns.push(action) }
const squid = await startSquid()
const rows: Row[] = []
const once = (wire: WireCase): Trial => ({ wire, path: wire.path ?? 'plain', cut: 'whole', originCut: 'whole' })
for (const file of await caseFiles()) {
  if (rules.length > 0 && !rules.includes(file.rule)) continue
  let ours = 0
  for (const [policy, cases] of Map.groupBy(file.cases, (each) => openPolicy(each.policy?.web, each.policy?.top))) {
    const gateway = await startGateway(test, policy, hostsFile())
    ours += (await tryAll(cases.map(once), { host: '127.0.0.1', port: gateway.port })).filter((each) => each.differences.length === 0).length
  }
  const fair = file.cases.filter((each) => each.ours !== true && each.policy === undefined)
  const peer = await tryAll(fair.map(once), squid, true)
  const right = peer.filter((each) => each.differences.length === 0)
  rows.push({ rule: file.rule, title: file.title, sources: sourcesOf(file.cases), cases: file.cases.length, ours, fair: fair.length, peer: right.length })
  process.stdout.write(`${file.rule.padEnd(4)}${String(file.cases.length).padStart(5)} cases, ours ${ours}, squid ${right.length} of ${fair.length}  ${file.title}\n`)
  if (args.includes('--show')) for (const each of peer) if (each.differences.length > 0) process.stdout.write(`     ${each.wire.name}: ${each.differences.join('; ').slice(0, 300)}\n`)
}
await squid.stop()
for (const action of teardowns) await action()
if (args.includes('--write')) {
  const path = join(import.meta.dirname, 'README.md')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.slice(0, text.indexOf(BEGIN)) + tableOf(rows, squid.version) + text.slice(text.indexOf(END) + END.length))
}
