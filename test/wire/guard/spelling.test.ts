// How we read a host against how the C library, Node and a real Chromium do, thousands of spellings from a seed: what one of them takes for an
// address is that address to us or refused; what we take for a name is an address to none of them, and the browser's very name.
import t from 'tap'
import fc from 'fast-check'
import { parseIp } from '../../../src/net/ip.ts'
import { decodePercent, octetsFromText } from '../../../src/net/octets.ts'
import { hostText, parseHost } from '../../../src/net/target.ts'
import { lacks, missingProgram } from '../../programs/run.ts'
import { bracketed, EDGES, names, numbers } from './forms.ts'
import { readByChromium, readByLibc, readByNode } from './oracles.ts'

/** More and other ones: GREENGATE_SPELLINGS=SEED:COUNT */
const [seed = 1, count = 8_000] = (process.env['GREENGATE_SPELLINGS'] ?? '').split(':').filter((text) => text !== '').map(Number)

const forms = [...new Set([...EDGES, ...[numbers, names, bracketed].flatMap((each) => fc.sample(each, { seed, numRuns: count }))])]
/** as a client sends them: UTF-8, one character an octet */
const sent = forms.map(octetsFromText)

interface Ours {
  readonly kind: 'address' | 'name' | 'refused'
  readonly text: string
}

const ours = sent.map((text): Ours => {
  const parsed = parseHost(text)
  if (!parsed.ok) return { kind: 'refused', text: parsed.problem }
  const { value } = parsed
  return value.kind === 'address' ? { kind: 'address', text: value.address.text } : { kind: 'name', text: hostText(value) }
})

function addressIn(text: string | null): string | undefined {
  return text === null ? undefined : parseIp(text.replace(/^\[|\]$/g, ''))?.text
}

/** Where another's address is not ours. */
function wrongAddresses(what: string, theirs: readonly (string | null)[]): string[] {
  const wrong: string[] = []
  for (const [at, mine] of ours.entries()) {
    const address = addressIn(theirs[at] ?? null)
    if (address !== undefined && mine.kind !== 'refused' && (mine.kind === 'name' || mine.text !== address)) wrong.push(`${JSON.stringify(forms[at])}: ${what} reads ${address}, we read ${mine.text}`)
  }
  return wrong
}

/** Where our name is not the browser's. */
function wrongNames(what: string, theirs: readonly (string | null)[]): string[] {
  const wrong: string[] = []
  for (const [at, mine] of ours.entries()) {
    const name = theirs[at]?.replace(/\.$/, '')
    if (mine.kind === 'name' && name !== mine.text) wrong.push(`${JSON.stringify(forms[at])}: ${what} reads ${name ?? 'nothing'}, we read ${mine.text}`)
  }
  return wrong
}

const of = (kind: Ours['kind']): number => ours.filter((each) => each.kind === kind).length
t.comment(`seed ${seed}: ${forms.length} spellings; we read ${of('address')} addresses, ${of('name')} names, and refuse ${of('refused')}`)

t.test('there is enough of each', async (t) => {
  for (const kind of ['address', 'name', 'refused'] as const) t.ok(of(kind) > 500, `${of(kind)} of ${kind}`)
})

t.test('the C library', async (t) => {
  if (lacks(t, missingProgram('python3'))) return
  // as they come, and with their escapes read
  for (const [how, hosts] of [['as sent', sent], ['decoded', sent.map((text) => decodePercent(text) ?? text)]] as const) {
    const read = await readByLibc(hosts)
    t.same(wrongAddresses('inet_aton', read.map(([aton]) => aton)), [], `inet_aton, ${how}`)
    t.same(wrongAddresses('getaddrinfo', read.map(([, numeric]) => numeric)), [], `getaddrinfo, ${how}`)
    t.ok(read.filter(([aton]) => aton !== null).length > 50, 'it reads many')
  }
})

t.test('Node\'s URL', async (t) => {
  const read = readByNode(forms)
  t.same(wrongAddresses('Node', read), [])
  t.same(wrongNames('Node', read), [])
})

t.test('a person\'s spelling and a client\'s octets are read alike', async (t) => {
  const wide = [...forms.entries()].filter(([, form]) => /[^\0-\xff]/.test(form))
  t.ok(wide.length > 1000)
  t.same(wide.filter(([at, form]) => {
    const parsed = parseHost(form)
    return (parsed.ok ? hostText(parsed.value).replace(/^\[|\]$/g, '') : parsed.problem) !== ours[at]?.text
  }).map(([, form]) => form), [])
})

t.test('Chromium', { timeout: 110_000 }, async (t) => {
  if (lacks(t, missingProgram('chromium'))) return
  const read = await readByChromium(forms)
  t.equal(read.length, forms.length)
  t.same(wrongAddresses('Chromium', read), [])
  t.same(wrongNames('Chromium', read), [])
})
