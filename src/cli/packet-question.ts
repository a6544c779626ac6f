// A packet in words: `--from ADDR [--mac MAC] [--in IF] PROTO/PORT ADDRESS`, on the command line and as a line of a file, where a table's row
// `ADDR MAC|- ADDRESS PROTO/PORT => VERDICT RULE` is read too. Danger prevented: a line of a file that is guessed at.
import { parsePacketAsk } from '../decision/ask.ts'
import { ipFromSocket, parseIp } from '../net/ip.ts'
import type { Ip } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import type { Policy } from '../policy/policy.ts'
import type { PacketQuestion } from '../proof/question.ts'

export const STATES = ['new', 'established', 'reply', 'related', 'invalid', 'untracked'] as const
export type AskedState = (typeof STATES)[number]

export interface PacketWords {
  readonly from: Ip
  readonly mac?: Mac
  readonly in?: string
  readonly state?: AskedState
  readonly uid?: number
}

export interface Expected {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'deny'
  readonly rule: string | undefined
}

export interface AskedPacket {
  /** a service may be several packets: `dns` is udp and tcp */
  readonly questions: readonly PacketQuestion[]
  readonly expected: Expected | undefined
}

export type Asked = { readonly ok: true; readonly asked: AskedPacket } | { readonly ok: false; readonly problem: string }

/** `words`: `PROTO/PORT ADDRESS`, or `PROTO/PORT to ADDRESS` as a policy's tests say it. */
export function questionsOf(policy: Policy, proxyPort: number, words: readonly string[], said: PacketWords, mark: number): readonly PacketQuestion[] | string {
  const [what = '', ...rest] = words
  const [to, ...more] = rest[0] === 'to' ? rest.slice(1) : rest
  if (to === undefined || more.length > 0) return 'a packet is `PROTO/PORT ADDRESS`, like `tcp/25 203.0.113.9`'
  const asked = parsePacketAsk(policy, proxyPort, what, to)
  if (!asked.ok) return asked.problem
  const { from, state } = said
  if (asked.value.some((each) => each.to.family !== from.family)) return `\`${from.text}\` and \`${to}\` are of two families`
  // a running flow bears the mark of the rules that let it begin: these, where nobody says otherwise
  return asked.value.map((ask) => ({ ...said, ask, ...(state === 'established' ? { mark } : {}) }))
}

const OPTIONS: ReadonlySet<string> = new Set(['--from', '--mac', '--in', '--state', '--uid'])

function expectedOf(text: string): Expected | string {
  const [verdict = '', rule, ...more] = text.trim().split(/\s+/)
  const known = verdict === 'allow' ? 'accept' : verdict
  if ((known !== 'accept' && known !== 'drop' && known !== 'reject' && known !== 'deny') || more.length > 0) return `\`${text.trim()}\` is no verdict: accept, drop, reject or deny, and perhaps a rule`
  return { verdict: known, rule: rule === '-' ? undefined : rule }
}

function saidOf(options: ReadonlyMap<string, string>, bare: string | undefined): PacketWords | string {
  const text = options.get('--from') ?? bare ?? ''
  const address = parseIp(text)
  const from = address === undefined ? undefined : (ipFromSocket(address.text) ?? address)
  if (from === undefined) return `\`${text}\` is no address`
  const macText = options.get('--mac')
  const mac = macText === undefined || macText === '-' ? undefined : parseMac(macText)
  if (macText !== undefined && macText !== '-' && mac === undefined) return `\`${macText}\` is no MAC`
  const state = STATES.find((each) => each === options.get('--state'))
  if (options.has('--state') && state === undefined) return `\`${options.get('--state') ?? ''}\` is no state: ${STATES.join(', ')}`
  const uid = options.get('--uid')
  if (uid !== undefined && !/^\d{1,10}$/.test(uid)) return `\`${uid}\` is no user's number`
  const entry = options.get('--in')
  return { from, ...(mac === undefined ? {} : { mac }), ...(entry === undefined ? {} : { in: entry }), ...(state === undefined ? {} : { state }), ...(uid === undefined ? {} : { uid: Number(uid) }) }
}

/** One line of a file; empty ones and `#` remarks: undefined. */
export function askedLine(policy: Policy, proxyPort: number, line: string, mark: number): Asked | undefined {
  const [text = ''] = line.split('#')
  if (text.trim() === '') return undefined
  const [packet = '', ...verdicts] = text.split('=>')
  if (verdicts.length > 1) return { ok: false, problem: 'one `=>` a line' }
  const expected = verdicts[0] === undefined ? undefined : expectedOf(verdicts[0])
  if (typeof expected === 'string') return { ok: false, problem: expected }
  const options = new Map<string, string>()
  const bare: string[] = []
  const words = packet.trim().split(/\s+/)
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (!word.startsWith('--')) {
      bare.push(word)
      continue
    }
    const value = words[++index]
    if (!OPTIONS.has(word) || value === undefined || options.has(word)) return { ok: false, problem: `\`${word}\` is not known here: ${[...OPTIONS].join(', ')}, each once and with its value` }
    options.set(word, value)
  }
  const from = options.has('--from') ? undefined : bare.shift()
  // the table's row: sender, MAC, target, service
  const [second = ''] = bare
  if (bare.length === 3 && (second === '-' || parseMac(second) !== undefined)) {
    options.set('--mac', second)
    bare.splice(0, 3, bare[2] ?? '', bare[1] ?? '')
  }
  const said = saidOf(options, from)
  if (typeof said === 'string') return { ok: false, problem: said }
  const questions = questionsOf(policy, proxyPort, bare, said, mark)
  return typeof questions === 'string' ? { ok: false, problem: questions } : { ok: true, asked: { questions, expected } }
}
