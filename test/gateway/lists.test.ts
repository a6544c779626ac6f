// Lists that keep themselves fresh, from a server that means well and from ones that do not: the old list stays until a new one is there whole, and is told
// of; and nothing is dialled that the guard did not open.
import t from 'tap'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { askControl, askFigures, askLists, askUpdate } from '../../src/gateway/control.ts'
import { fetchList } from '../../src/gateway/list-fetch.ts'
import { loadPolicy } from '../../src/gateway/load.ts'
import { machineNow } from '../../src/gateway/machine.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { Resolver } from '../../src/proxy/resolve.ts'
import { ask, folderFor, run, serve } from './process.ts'

type Teardown = Parameters<typeof folderFor>[0]
type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Source {
  readonly port: number
  readonly asked: IncomingMessage[]
  answer: Answer
}

async function source(t: Teardown, answer: Answer): Promise<Source> {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    made.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const made: Source = { port: (server.address() as AddressInfo).port, asked, answer }
  return made
}

function text(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(body), ...headers })
    response.end(body)
  }
}

/** `open`: loopback is opened for this machine's own programs, as a rule of an office opens its mirror. */
function policy(lists: string, open = true): string {
  return `version: 1
name: lists
rules:
  - { name: use, action: allow, from: any, to: gateway, services: proxy }
web:
  ports: [1-65535]
  rules:
    - { name: ads, action: deny, list: ads }
${open ? '    - { name: mirror, action: allow, from: 127.0.0.1, resolves-to: 127.0.0.0/8 }\n' : ''}lists:
  ads: ${lists}
tests:
  - { from: 127.0.0.1, request: "GET http://ads.example/", expect: deny, by: ads }
`
}

function sha256(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

t.test('fetched, asked for conditionally, in force, and put back where the policy does not hold with it', async (t) => {
  const from = await source(t, text('ads.example\nnew.example\n', { etag: '"one"', 'last-modified': 'Mon, 02 Mar 2026 10:00:00 GMT' }))
  const folder = folderFor(t, { ads: 'ads.example\n' })
  const file = join(folder, 'p.yaml')
  writeFileSync(file, policy(`{ domains: ads, url: "http://127.0.0.1:${from.port}/ads", every: 1h }`))
  const pid = join(folder, 'g.pid')
  const socket = join(folder, 'g.sock')
  const gateway = await serve(t, ['--policy', file, '--host', '127.0.0.1', '--port', '0', '--workers', '2', '--event-log', join(folder, 'events'), '--pid-file', pid])
  t.not((await ask(gateway.port, 'http://new.example/')).rule, 'ads')
  t.match(await askUpdate(socket, []), { ok: true, generation: 2, lists: [{ list: 'ads', result: 'new', told: '2 entries' }] })
  t.equal((await ask(gateway.port, 'http://new.example/')).rule, 'ads')
  t.equal(readFileSync(join(folder, 'ads'), 'utf8'), 'ads.example\nnew.example\n')

  from.answer = (request, response) => {
    response.writeHead(request.headers['if-none-match'] === '"one"' && request.headers['if-modified-since'] !== undefined ? 304 : 500)
    response.end()
  }
  t.match(await askUpdate(socket, ['ads']), { ok: true, generation: 2, lists: [{ result: 'same' }] })

  // an unfinished edit of the policy stays unfinished, whatever a list brings
  writeFileSync(file, `${policy('{ domains: ads }')}unfinished`)
  from.answer = text('ads.example\nnew.example\nthird.example\n')
  t.match(await askUpdate(socket, []), { ok: true, generation: 3, lists: [{ result: 'new' }] })
  t.equal((await ask(gateway.port, 'http://third.example/')).rule, 'ads')

  // the policy's own test fails with this one
  from.answer = text('other.example\n')
  const held = await askUpdate(socket, [])
  t.match(held, { ok: false, generation: 3, lists: [{ result: 'failed', told: /the policy does not hold with it, so the old list stays/ }] })
  t.equal(readFileSync(join(folder, 'ads'), 'utf8'), 'ads.example\nnew.example\nthird.example\n')
  t.equal((await ask(gateway.port, 'http://third.example/')).rule, 'ads')
  t.match((await askLists(socket))[0], { list: 'ads', everyMs: 3_600_000, problem: /does not hold/ })
  t.match(readFileSync(join(folder, 'events'), 'utf8'), /"event":"list-failed"/)
  t.match((await askFigures(socket)).lists, [{ list: 'ads', entries: 3, hits: 3 }])
  const shown = await run(['lists', '--pid-file', pid])
  t.match(shown.stdout, /^list +entries +hits +age +asked +next +from\nads +3 +3 /)
  t.match(shown.stderr, /ads: the last try failed/)
  t.match(await askUpdate(socket, ['nobody']), { ok: false, lists: [{ list: 'nobody', result: 'failed' }] })
  t.same(readdirSync(folder).filter((name) => /\.new$|\.before$/.test(name)), [], 'nothing is left lying')
  writeFileSync(file, policy('{ domains: ads }'))
  t.ok((await askControl(socket, { command: 'reload' })).ok)
})

t.test('a list that is not whole, or is none, never takes the place of one', async (t) => {
  const from = await source(t, text(''))
  const folder = folderFor(t, { ads: 'ads.example\n' })
  const file = join(folder, 'p.yaml')
  writeFileSync(file, policy(`{ domains: ads, url: "http://127.0.0.1:${from.port}/ads" }`))
  const cases: readonly (readonly [name: string, answer: Answer, said: RegExp])[] = [
    ['an error', (_, response) => response.writeHead(404).end('gone'), /answers 404/],
    ['nothing', text(''), /has no entry/],
    ['a page', text('<html>\n<head><title>Sorry</title></head>\n<body>\nmaintenance\n</body></html>\n'), /is no list of domains/],
    ['cut in its middle', (_, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('ads.example\nnew.exa')
      setTimeout(() => response.destroy(), 50)
    }, /./],
    ['cut in its chunks', (_, response) => {
      response.writeHead(200)
      response.write('ads.example\nnew.exa')
      setTimeout(() => response.destroy(), 50)
    }, /./],
    ['without a length', (_, response) => {
      response.socket?.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nads.example\nnew.exa')
    }, /tells no length/],
    ['packed', text('ads.example\n', { 'content-encoding': 'gzip' }), /comes as gzip/],
    ['unchanged, of what it was not told', (_, response) => response.writeHead(304).end(), /answers 304/],
    ['round and round', (request, response) => response.writeHead(302, { location: `${request.url ?? ''}x` }).end(), /more than 5 redirects/],
    ['sent on to a file', (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(), /no URL/],
  ]
  for (const [name, answer, said] of cases) {
    from.answer = answer
    const { code, stdout } = await run(['lists', 'update', '--policy', file, '--json'])
    t.equal(code, 1, name)
    const told = JSON.parse(stdout) as { readonly lists: readonly { readonly result: string; readonly told: string }[] }
    t.match(told.lists, [{ result: 'failed', told: said }], name)
    t.equal(readFileSync(join(folder, 'ads'), 'utf8'), 'ads.example\n', name)
  }
})

t.test('addresses are judged as the policy judges them, and those that a redirect names too', async (t) => {
  const from = await source(t, text('ads.example\n'))
  const folder = folderFor(t)
  const closedText = policy('{ domains: ads }', false)
  writeFileSync(join(folder, 'ads'), 'ads.example\n')
  writeFileSync(join(folder, 'closed.yaml'), closedText)
  writeFileSync(join(folder, 'open.yaml'), policy('{ domains: ads }'))
  const resolver = new Resolver({ servers: [], timeoutMs: 1000 })
  t.teardown(() => resolver.close())
  const fetchBy = async (name: string, url: string, mostOctets?: number) => {
    const loaded = await loadPolicy(join(folder, name), machineNow(0))
    if (!loaded.ok) throw new Error('the policy')
    return fetchList({ compiled: loaded.compiled, resolver, url, into: join(folder, `got-${Math.random()}`), ...(mostOctets === undefined ? {} : { mostOctets }) })
  }
  for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]']) {
    await t.rejects(fetchBy('closed.yaml', `http://${host}:${from.port}/`), /not public/, host)
  }
  await t.rejects(fetchBy('closed.yaml', 'http://169.254.169.254/latest/'), /not public/)
  t.equal(from.asked.length, 0, 'nobody was asked')
  t.match(await fetchBy('open.yaml', `http://localhost:${from.port}/`), { kind: 'new', octets: 12, sha256: sha256('ads.example\n') })
  t.equal(from.asked[0]?.headers.host, `localhost:${from.port}`)
  from.answer = (_, response) => response.writeHead(302, { location: 'http://10.99.0.1/' }).end()
  await t.rejects(fetchBy('open.yaml', `http://127.0.0.1:${from.port}/`), /10\.99\.0\.1 leads to addresses that are not public/)
  from.answer = text('a'.repeat(1000))
  await t.rejects(fetchBy('open.yaml', `http://127.0.0.1:${from.port}/`, 999), /larger than 999/)
  from.answer = (_, response) => {
    response.writeHead(200)
    for (let each = 0; each < 100; each++) response.write('a'.repeat(1000))
    response.end()
  }
  await t.rejects(fetchBy('open.yaml', `http://127.0.0.1:${from.port}/`, 9_999), /larger than 9999/)
})

t.test('what sha256 says is what is taken, at the load as well', async (t) => {
  const good = 'ads.example\nmore.example\n'
  const from = await source(t, text('ads.example\nevil.example\n'))
  const folder = folderFor(t)
  const file = join(folder, 'p.yaml')
  writeFileSync(file, policy(`{ domains: ads, url: "http://127.0.0.1:${from.port}/", sha256: ${sha256(good)} }`))
  const missing = await run(['check', file])
  t.equal(missing.code, 4)
  t.match(missing.stderr, /there is no such file[^]*`greengate lists update` fetches it/)
  const evil = await run(['lists', 'update', '--policy', file])
  t.equal(evil.code, 1)
  t.match(evil.stdout, /^ads +failed +what came is not what `sha256` says: it is [0-9a-f]{64}$/m)
  t.notOk(existsSync(join(folder, 'ads')))
  from.answer = text(good)
  t.equal((await run(['lists', 'update', '--policy', file])).code, 0)
  t.equal((await run(['check', file])).code, 0)
  const asked = from.asked.length
  t.match((await run(['lists', 'update', '--policy', file])).stdout, /same/)
  t.equal(from.asked.length, asked, 'nothing else would be taken, so nobody is asked')
  t.match((await run(['lists', '--policy', file])).stdout, /^ads +2 +- +\d+s +\d+s +every 1d +http/m)
  writeFileSync(join(folder, 'ads'), 'ads.example\n')
  const other = await run(['check', file])
  t.equal(other.code, 4)
  t.match(other.stderr, /is not what `sha256` says: it is [0-9a-f]{64}/)
})

t.test('what the policy says of a list that is fetched is held to its form', async (t) => {
  const told = (list: string): string => parsePolicy(policy(list), 'p.yaml').diagnostics.map(({ severity, message }) => `${severity}: ${message}`).join('\n')
  t.equal(told('{ domains: ads, url: "https://lists.example/ads", every: 12h }'), '')
  t.match(told('{ domains: ads, url: "http://lists.example/ads" }'), /^warning: whoever is on the way can change/)
  t.match(told('{ domains: ads, url: "https://me:secret@lists.example/" }'), /^error: credentials/)
  t.notMatch(told('{ domains: ads, url: "https://me:secret@lists.example/" }'), /secret/)
  t.match(told('{ domains: ads, url: "lists/ads" }'), /^error: `lists\/ads` is no URL/)
  t.match(told('{ domains: ads, url: "file:///etc/passwd" }'), /^error: .* is no URL/)
  t.match(told('{ domains: ads, every: 1h }'), /^error: `every` says/)
  t.match(told('{ domains: ads, url: "https://a.example/", every: 10s }'), /out of range/)
  t.match(told('{ domains: ads, url: "https://a.example/", every: often }'), /is not a duration/)
  t.match(told('{ domains: ads, sha256: abc }'), /no SHA-256/)
  t.match(told('{ domains: ads, hosts: other, url: "https://a.example/" }'), /has 2 files/)
  t.match(told('{ url: "https://a.example/" }'), /has no file/)
})
