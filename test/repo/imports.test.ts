// The house has one direction: a folder imports only from folders before it, each library has one room that knows it, and only
// the rooms at the edge touch the outside world. What the decision needs, it is given; so it can be tested without a socket.
import t from 'tap'
import { posix } from 'node:path'
import { ROOMS, imports, packageOf, roomOf, sources, withoutComments } from './tree.ts'

const EDGE = ['kernel', 'plane', 'proxy', 'gateway', 'console', 'cli', 'main']

/** Parts of Node that compute and neither open nor ask anything. */
const PURE_NODE = ['node:buffer', 'node:crypto', 'node:path', 'node:url', 'node:util']

/** library → the files that may import it: a folder ends in a slash */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'ipaddr.js': ['src/net/'],
  'micromatch': ['src/net/'],
  'zod': ['src/policy/'],
  'yaml': ['src/policy/'],
  're2js': ['src/lists/expressions.ts'],
  'tldts': ['src/report/site.ts'],
  'd3-scale': ['src/report/charts.ts'],
  'd3-shape': ['src/report/charts.ts'],
  'pino': ['src/log/'],
  'pino-pretty': ['src/log/'],
  'http-proxy': ['src/proxy/upgrade.ts'],
  'undici': ['src/gateway/'],
  'prom-client': ['src/gateway/metrics.ts'],
  'commander': ['src/cli/', 'src/main.ts'],
}

const files = sources()

t.test('every file under src is in a room of the house', async (t) => {
  const broken: string[] = []
  t.ok(files.length > 0, 'there are sources')
  for (const { path } of files) {
    const room = roomOf(path)
    const known = room === 'main' ? path === 'src/main.ts' : (ROOMS as readonly string[]).includes(room)
    if (!known) broken.push(`${path}: no such room; the order is ${ROOMS.join(' ← ')}`)
  }
  t.same(broken, [])
})

t.test('a folder imports only from folders to its left', async (t) => {
  const broken: string[] = []
  const order = ROOMS as readonly string[]
  for (const { path, text } of files) {
    const own = order.indexOf(roomOf(path))
    for (const specifier of imports(text)) {
      if (!specifier.startsWith('.')) continue
      const target = posix.normalize(posix.join(posix.dirname(path), specifier))
      if (target === 'package.json') continue
      if (!target.startsWith('src/')) broken.push(`${path} imports ${specifier}, which is outside src`)
      else if (order.indexOf(roomOf(target)) > own) broken.push(`${path} imports ${specifier}: ${roomOf(target)} stands to the right of ${roomOf(path)}`)
    }
  }
  t.same(broken, [])
})

t.test('no two files import each other in a circle', async (t) => {
  const broken: string[] = []
  const next = new Map(files.map(({ path, text }) => [path, valueImports(text).filter((s) => s.startsWith('.')).map((s) => posix.join(posix.dirname(path), s))]))
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) return void broken.push(`a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`)
    if (done.has(path)) return
    for (const target of next.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const path of next.keys()) walk(path, [])
  t.same(broken, [])
})

t.test('each library has its room', async (t) => {
  const broken: string[] = []
  for (const { path, text } of files) {
    // the launcher is for Nodes that do not know `node:` yet; it uses nothing but what they bring
    if (path === 'src/cli/greengate.cjs') continue
    for (const specifier of imports(text)) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
      const name = packageOf(specifier)
      const owners = OWNERS[name]
      if (owners === undefined) broken.push(`${path} imports ${name}, which no room owns: write it into OWNERS with its reason in README.md`)
      else if (!owners.some((owner) => (owner.endsWith('/') ? path.startsWith(owner) : path === owner))) broken.push(`${path} imports ${name}; only ${owners.join(', ')} may`)
    }
  }
  t.same(broken, [])
})

t.test('only the rooms at the edge touch the outside world', async (t) => {
  const broken: string[] = []
  for (const { path, text } of files) {
    if (EDGE.includes(roomOf(path))) continue
    for (const specifier of valueImports(text)) {
      if (/^[a-z_]+$/.test(specifier) && !(specifier in OWNERS)) broken.push(`${path} imports ${specifier}: write node:${specifier}`)
      if (specifier.startsWith('node:') && !PURE_NODE.includes(specifier)) broken.push(`${path} imports ${specifier}; only ${EDGE.join(', ')} may`)
    }
  }
  t.same(broken, [])
})

// as the default of a parameter the clock may stand: whoever judges for the record hands the time in
t.test('what judges reads no clock and throws no dice: the time is a fact that it is given', async (t) => {
  const broken: string[] = []
  for (const { path, text } of files) {
    if (!['net', 'http', 'tls', 'policy', 'lists', 'decision', 'firewall'].includes(roomOf(path))) continue
    const found = /(?<!: number = )\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bprocess\.(?:env|cwd|argv|std)/.exec(withoutComments(text))
    if (found !== null) broken.push(`${path} says ${found[0]}`)
  }
  t.same(broken, [])
})

t.test('the process ends in one place', async (t) => {
  const broken: string[] = []
  for (const { path, text } of files) {
    if (path === 'src/main.ts' || path === 'src/cli/greengate.cjs') continue
    if (/\bprocess\s*\.\s*(?:exit|abort|reallyExit)\s*\(/.test(withoutComments(text))) broken.push(`${path} ends the process; src/main.ts does`)
  }
  t.same(broken, [])
})

/** `import type` leaves no trace at run time. */
function valueImports(text: string): string[] {
  return imports(withoutComments(text).replace(/\b(?:import|export)\s+type\b[^'"`;]*?\bfrom\s*['"][^'"]+['"]/g, ' '))
}
