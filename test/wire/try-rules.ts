// The cases of some rules before a worker of ours: whole and cut, plain and inside a CONNECT to port 80.
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { Test } from 'tap'
import { openPolicy, startGateway } from '../proxy/gateway.ts'
import type { CaseFile, WireCase } from './case.ts'
import { caseFiles } from './files.ts'
import { hostsFile, ORIGIN_NET } from './run.ts'
import { type Tried, tryAll, trialsOf } from './stage.ts'

/** What is inside a CONNECT to 80 needs an origin on that port. */
async function mayServe80(): Promise<boolean> {
  const server = createServer()
  const outcome = Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)])
  server.listen(80, `${ORIGIN_NET}.250`)
  const may = await outcome
  server.close()
  if (!may && process.env['GREENGATE_REQUIRE_ALL'] === '1') throw new Error('port 80 of a loopback address is needed')
  return may
}

const policyOf = ({ policy }: WireCase): string => openPolicy(policy?.web, policy?.top)

/** Rules that `asked` names; without any, those that `mine` says are this file's. */
export async function tryRules(t: Test, asked: readonly string[], mine: (rule: string) => boolean): Promise<void> {
  const inside = await mayServe80()
  for (const file of await caseFiles()) {
    if (asked.length > 0 ? asked.includes(file.rule) : mine(file.rule)) void tryFile(t, file, inside)
  }
}

function tryFile(t: Test, file: CaseFile, inside: boolean): unknown {
  return t.test(`rule ${file.rule}: ${file.title}`, { timeout: 110_000 }, async (t) => {
    const byPolicy = Map.groupBy(file.cases, policyOf)
    for (const [policy, cases] of byPolicy) {
      const gateway = await startGateway(t, policy, hostsFile())
      const trials = cases.flatMap((wire) => trialsOf(wire, file.side)).filter((each) => inside || each.path === 'plain')
      const tried = await tryAll(trials, { host: '127.0.0.1', port: gateway.port })
      for (const [wire, ways] of Map.groupBy(tried, (each) => each.wire)) {
        const differences: string[] = []
        for (const way of ways) {
          const found = [...way.differences, ...await recordsDiffer(way, gateway.records)]
          for (const each of found) differences.push(`${way.path}, cut ${way.cut}/${way.originCut}: ${each}`)
        }
        const what = `${wire.name} (${wire.ref}; ${ways.length} ways)`
        if (differences.length === 0) t.pass(what)
        else t.fail(what, { differences })
      }
    }
    if (!inside) t.comment('not inside a CONNECT to 80: port 80 is not ours to serve')
  })
}

/** The records of the case's client: told when the exchange is over, which may be after its last octet. */
async function recordsDiffer({ wire, from, path }: Tried, all: readonly unknown[]): Promise<string[]> {
  const wanted = wire.records
  if (wanted === undefined) return []
  let found: string[] = []
  for (let look = 0; look < 100; look++) {
    const records = (all as readonly Readonly<Record<string, unknown>>[]).filter((each) => each['client'] === from && !(path === 'inside' && each['method'] === 'CONNECT' && each['status'] === 200) && !String(each['target']).endsWith('/probe'))
    found = []
    if (records.length !== wanted.length) found.push(`${records.length} records and not ${wanted.length}`)
    for (const [at, each] of wanted.entries()) {
      for (const [key, value] of Object.entries(each)) {
        if (JSON.stringify(records[at]?.[key]) !== JSON.stringify(value)) found.push(`record ${at + 1}: ${key} is ${JSON.stringify(records[at]?.[key])} and not ${JSON.stringify(value)}`)
      }
    }
    if (found.length === 0) return []
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return found
}
