// The JSON Schema that editors get: it admits every shipped policy and every key of the language, and refuses what the parser refuses.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { jsonSchema, policySchema } from '../../src/policy/schema.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const written = JSON.parse(JSON.stringify(jsonSchema())) as Parameters<typeof z.fromJSONSchema>[0]
// read back from its text: what is checked is what an editor reads, not the schema that it was made from
const asEditor = z.fromJSONSchema(written)

t.test('every shipped policy fits', async (t) => {
  for (const name of readdirSync(join(ROOT, 'policies')).filter((name) => name.endsWith('.yaml'))) {
    const data: unknown = parse(readFileSync(join(ROOT, 'policies', name), 'utf8'))
    const found = asEditor.safeParse(data)
    t.ok(found.success, name, found.success ? {} : { issues: found.error.issues })
  }
})

t.test('a file needs its version and nothing else', async (t) => {
  t.ok(asEditor.safeParse({ version: 1 }).success)
  for (const data of [{}, { version: 2 }, { version: '1' }, null, []]) t.notOk(asEditor.safeParse(data).success, JSON.stringify(data))
})

t.test('what the parser refuses by its shape, an editor marks', async (t) => {
  const rows: readonly object[] = [
    { naem: 'x' }, { mode: 'observ' }, { rules: [{ from: 'any' }] }, { rules: [{ action: 'permit' }] }, { rules: [{ action: 'allow', sport: 1 }] }, { web: { rules: [{ action: 'drop' }] } },
    { gateway: { proxy: { port: 0 } } }, { gateway: { green: { interface: 'eth0' } } }, { web: { tunnels: { 'require-tls': 'yes' } } }, { tests: [{ from: '10.0.0.1' }] }, { addresses: { A: {} } },
  ]
  for (const row of rows) {
    t.notOk(asEditor.safeParse({ version: 1, ...row }).success, JSON.stringify(row))
    t.notOk(policySchema.safeParse({ version: 1, ...row }).success, JSON.stringify(row))
  }
})

t.test('it is a schema of draft 7, closed in every object', async (t) => {
  t.match(written, { $schema: /draft-07/, type: 'object', required: ['version'], additionalProperties: false })
  const open: string[] = []
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    if ('properties' in node && !('additionalProperties' in node && node.additionalProperties === false)) open.push(path)
    for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`)
  }
  walk(written, '')
  t.strictSame(open, [])
})
