// The tables and built-in chains that iptables makes when the first rule of a kind comes: `ip raw`, `ip6 nat`, ... Which of them were there before ours
// is kept, so that those that we brought go with us, if nobody else has put anything in. Danger prevented: a machine that is not what it was, and says so.
import { isNotThere } from '../kernel/nft-tables.ts'
import type { Runner } from '../kernel/tool.ts'
import { readJson, removeFile, writeJson } from './places.ts'
import type { Places } from './places.ts'

interface BuiltIn {
  readonly table: string
  readonly chain: string
  /** it accepts, and no rule stands in it */
  readonly empty: boolean
}

interface Seen {
  readonly tables: readonly string[]
  readonly chains: readonly BuiltIn[]
  /** tables with anything beside empty built-in chains */
  readonly used: ReadonlySet<string>
}

const TABLES = ['ip', 'ip6'].flatMap((family) => ['filter', 'raw', 'mangle', 'nat', 'security'].map((name) => `${family} ${name}`))
const CHAIN = /\tchain (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING) \{\n\t\ttype \S+ hook \S+ priority [^;\n]+; policy (\w+);\n([\s\S]*?)\t\}\n/g

async function look(run: Runner): Promise<Seen | undefined> {
  const tables: string[] = []
  const chains: BuiltIn[] = []
  const used = new Set<string>()
  for (const table of TABLES) {
    const listed = await run('nft', ['list', 'table', ...table.split(' ')])
    if (isNotThere(listed)) continue
    if (listed.code !== 0) return undefined
    tables.push(table)
    for (const [, chain = '', policy, rules = ''] of listed.out.matchAll(CHAIN)) chains.push({ table, chain, empty: policy === 'accept' && rules === '' })
    const rest = listed.out.replace(CHAIN, '').split('\n').filter((line) => !/^(?:table \S+ \S+ \{|\}|\s*|#.*)$/.test(line))
    if (rest.length > 0) used.add(table)
  }
  return { tables, chains, used }
}

/** Before the first of our rules in iptables. */
export async function rememberTables(run: Runner, places: Places): Promise<void> {
  const seen = await look(run)
  if (seen !== undefined) writeJson(places.tables, [...seen.tables, ...seen.chains.map(({ table, chain }) => `${table} ${chain}`)])
}

/** After the last of our rules in iptables has gone. */
export async function dropBroughtTables(run: Runner, places: Places): Promise<void> {
  const before = readJson(places.tables)
  if (!Array.isArray(before)) return
  const seen = await look(run)
  if (seen === undefined) return
  const brought = seen.chains.filter(({ table, chain, empty }) => empty && !before.includes(`${table} ${chain}`))
  const whole = seen.tables.filter((table) => !before.includes(table) && !seen.used.has(table) && seen.chains.every((each) => each.table !== table || brought.includes(each)))
  const words = [
    ...whole.map((table) => `delete table ${table}`),
    ...brought.filter(({ table }) => !whole.includes(table)).map(({ table, chain }) => `delete chain ${table} ${chain}`),
  ]
  if (words.length > 0) await run('nft', ['-f', '-'], `${words.join('\n')}\n`)
  removeFile(places.tables)
}
