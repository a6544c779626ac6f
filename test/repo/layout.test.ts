// What the repository holds and what it must not: a top level that fits on a screen, no keys, no address of any one machine or
// registry, a lock file that any mirror can serve, a launcher that the oldest Node understands.
import t from 'tap'
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, projectPaths, read } from './tree.ts'

const paths = projectPaths()

const TOP = ['.ci', '.gitignore', '.npmrc', 'LICENSE', 'README.md', 'certs', 'package-lock.json', 'package.json', 'policies', 'src', 'test', 'tsconfig.json']

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly resolved?: string; readonly integrity?: string; readonly [dependencies: string]: unknown }>>
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Readonly<Record<string, Readonly<Record<string, string>>>>

t.test('the top level holds what the map says and nothing else', async (t) => {
  t.same([...new Set(paths.map((path) => path.split('/')[0] ?? ''))].sort(), [...TOP].sort())
})

t.test('no private key is committed', async (t) => {
  const mark = new RegExp(`-----BEGIN [A-Z ]*${'PRIVATE'} KEY-----`)
  t.same(paths.filter((path) => /\.(key|p12|pfx)$/.test(path) || mark.test(read(path).text)), [])
})

t.test('no path of one machine and no registry stands in any file', async (t) => {
  // written in pieces, so that this file itself holds none of them
  const homes = new RegExp(`(?<![\\w.$}/-])/(?:${['root', 'work', 'Users'].join('|')}|home/[a-z]+)/`)
  const registries = new RegExp([['registry', 'npmjs'], ['registry', 'yarnpkg'], ['deb', 'debian'], ['security', 'debian'], ['npm', 'pkg', 'github']].map((parts) => parts.join('\\.')).join('|'), 'i')
  const broken: string[] = []
  for (const path of paths) {
    const { text } = read(path)
    for (const [index, line] of text.split('\n').entries()) {
      const found = homes.exec(line) ?? registries.exec(line)
      if (found !== null) broken.push(`${path}:${index + 1}: ${found[0]}`)
    }
  }
  t.same(broken, [])
})

t.test('the lock file names no host, and everything in it is pinned by a hash', async (t) => {
  const broken: string[] = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue
    if (entry.resolved !== undefined) broken.push(`${path}: resolved ${entry.resolved}`)
    if (entry.integrity === undefined) broken.push(`${path}: no integrity`)
  }
  t.same(broken, [])
})

t.test('the lock file is the one of this package.json', async (t) => {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) t.same(lock.packages['']?.[kind] ?? {}, manifest[kind] ?? {}, kind)
})

t.test('what is installed for others to run is what README says: dependencies are few', async (t) => {
  t.same(Object.keys(manifest['dependencies'] ?? {}).sort(), ['commander', 'd3-scale', 'd3-shape', 'http-proxy', 'ipaddr.js', 'micromatch', 'pino', 'pino-pretty', 'prom-client', 're2js', 'tldts', 'undici', 'yaml', 'zod'])
})

t.test('the command is there, executable, and in words that Node 12 reads', async (t) => {
  const bin = manifest['bin']?.['greengate'] ?? ''
  t.ok(paths.includes(bin), `bin names a file: ${bin}`)
  if (!paths.includes(bin)) return
  t.doesNotThrow(() => accessSync(join(ROOT, bin), constants.X_OK))
  const { text } = read(bin)
  t.match(text.split('\n')[0], /^#!\/usr\/bin\/env node$/)
  t.notMatch(text, /\?\?|\?\.|\bimport\s*[{('"]|\bawait\b|node:/, 'no syntax newer than the Node that it is there to replace')
})

t.test('.ci/run is a script that can be run', async (t) => {
  t.ok(paths.includes('.ci/run'))
  t.doesNotThrow(() => accessSync(join(ROOT, '.ci/run'), constants.X_OK))
  t.doesNotThrow(() => execFileSync('bash', ['-n', join(ROOT, '.ci/run')]))
})
