// The same case through the proxy's own steps, through `explain` and through a policy test: one verdict, by one rule. For every shipped
// policy, over generated requests; so what a person is told beforehand is what happens.
import t from 'tap'
import { join } from 'node:path'
import { loadPolicy } from '../../src/gateway/load.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Machine } from '../../src/decision/machine.ts'
import { ROOT, projectPaths } from '../repo/tree.ts'
import { cases } from './cases.ts'
import { byExplain, byProxy, byTest } from './three-ways.ts'

const SEED = Number(process.env['GREENGATE_SEED'] ?? 20_260_907)
const COUNT = 2_000

const machine: Machine = { addresses: ['127.0.0.1', '::1', '192.168.51.254', '203.0.113.2', 'fe80::254'].flatMap((text) => parseIp(text) ?? []), proxyPort: 800 }

for (const path of projectPaths().filter((path) => /^policies\/[^/]+\.yaml$/.test(path))) {
  t.test(path, async (t) => {
    const loaded = await loadPolicy(join(ROOT, path), machine)
    if (!loaded.ok) return t.fail(`does not load: ${loaded.diagnostics[0]?.message}`)
    const { compiled } = loaded
    const seen = new Map<string, number>()
    const apart: string[] = []
    for (const one of cases(compiled.policy, SEED, COUNT)) {
      const proxy = byProxy(compiled, one)
      const explained = byExplain(compiled, one)
      const told = JSON.stringify(one)
      if ('fault' in proxy || 'fault' in explained) {
        if (!('fault' in proxy && 'fault' in explained)) apart.push(`understood by one alone: ${told}`)
        continue
      }
      seen.set(`${proxy.verdict} by ${proxy.by}`, (seen.get(`${proxy.verdict} by ${proxy.by}`) ?? 0) + 1)
      const silent = byProxy(compiled, { ...one, responseType: undefined })
      if (JSON.stringify(silent) !== JSON.stringify(explained)) apart.push(`proxy ${JSON.stringify(silent)}, explain ${JSON.stringify(explained)}: ${told}`)
      const tested = byTest(compiled, one, proxy)
      if (tested !== undefined) apart.push(`proxy ${JSON.stringify(proxy)}, test: ${tested}: ${told}`)
      // a test that could not fail would agree with everything
      if (byTest(compiled, one, { verdict: proxy.verdict === 'allow' ? 'deny' : 'allow', by: proxy.by }) === undefined) apart.push(`a test that holds whatever is expected: ${told}`)
    }
    t.same(apart.slice(0, 5), [], `one verdict by one rule (seed ${SEED})`)
    t.ok(seen.size >= 4, `the cases reach several rules: ${[...seen].map(([what, count]) => `${what} ${count}`).join(', ')}`)
    const fired = new Set([...seen.keys()].map((what) => what.replace(/^.* by /, '')))
    const active = compiled.policy.web.rules.filter((rule) => rule.enabled && rule.mode === 'enforce' && rule.lists === undefined)
    t.same(active.map((rule) => rule.id).filter((id) => !fired.has(id)), [], 'every web rule that needs no list decides a case')
  })
}
