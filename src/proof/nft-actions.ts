// What a rule of nft does, in the words that `nft list` prints. Danger prevented: `reject` without a word, which answers by family, read
// as one answer.
import { CATCH_MARK, CATCH_MASK } from '../firewall/route.ts'
import type { Action, Test } from './model.ts'
import type { Tokens } from './nft-tokens.ts'
import { TCP_RESET, refusal4, refusal6, refusals } from './rejects.ts'
import { PORTS, typeSpan } from './service.ts'

/** With what nft asks of the packet beside, unsaid: a reset is TCP's, an answer of one family that family's. */
export interface Done {
  readonly tests: readonly Test[]
  readonly action: Action
}

/** The action that begins at the next word; undefined: none does, and nothing was taken. */
export function nftAction(tokens: Tokens): Done | undefined {
  const plain = (action: Action): Done => ({ tests: [], action })
  for (const kind of ['accept', 'drop', 'return', 'masquerade'] as const) if (tokens.takes(kind)) return plain({ kind })
  for (const kind of ['jump', 'goto'] as const) if (tokens.takes(kind)) return plain({ kind, chain: tokens.next() })
  if (tokens.takes('reject')) return rejection(tokens)
  if (tokens.takes('log')) return plain(logging(tokens))
  if (tokens.takes('ct', 'mark', 'set')) return plain(setMark(tokens))
  if (tokens.takes('tproxy')) return catching(tokens)
  if (tokens.takes('meta', 'priority', 'set')) return plain(classify(tokens))
  return tokens.takes('update') ? ledger(tokens) : undefined
}

/** `update @ledger4 { ip saddr . ip daddr . meta l4proto . th dport counter }`: its key is what the packet must have. */
function ledger(tokens: Tokens): Done {
  const [, kind = '', family = ''] = /^@ledger(?:_(icmp|other|rest))?([46])$/.exec(tokens.next()) ?? tokens.bad('a set that is no ledger')
  const of = family === '4' ? 4 : 6
  tokens.must('{')
  while (!tokens.takes('}')) if (!LEDGER_WORDS.has(tokens.next())) tokens.bad('a key that no ledger has')
  return { tests: [{ on: 'family', family: of }, ...(kind === 'icmp' ? [{ on: 'service' as const, not: false, spans: [typeSpan(of)] }] : [])], action: { kind: 'count' } }
}

const LEDGER_WORDS: ReadonlySet<string> = new Set(['ip', 'ip6', 'saddr', 'daddr', 'meta', 'l4proto', 'th', 'dport', 'icmp', 'icmpv6', 'type', '.', 'counter'])

function rejection(tokens: Tokens): Done {
  if (!tokens.takes('with')) return { tests: [], action: answers(tokens, refusals('port-unreachable')) }
  if (tokens.takes('tcp', 'reset')) return { tests: [{ on: 'service', not: false, spans: [PORTS.tcp] }], action: { kind: 'reject', 4: TCP_RESET, 6: TCP_RESET } }
  const kind = tokens.next()
  tokens.takes('type')
  const name = tokens.next()
  if (kind === 'icmpx') return { tests: [], action: answers(tokens, refusals(name)) }
  const one = kind === 'icmp' ? refusal4(name) : kind === 'icmpv6' ? refusal6(name) : tokens.bad(`\`reject with ${kind}\` is not known here`)
  return { tests: [{ on: 'family', family: kind === 'icmp' ? 4 : 6 }], action: answers(tokens, one === undefined ? undefined : [one, one]) }
}

function answers(tokens: Tokens, pair: readonly [string, string] | undefined): Action {
  if (pair === undefined) return tokens.bad('an answer that is not known here')
  return { kind: 'reject', 4: pair[0], 6: pair[1] }
}

function logging(tokens: Tokens): Action {
  tokens.must('prefix')
  const prefix = tokens.string()
  if (tokens.takes('group')) {
    tokens.number(tokens.next(), 65535)
    return { kind: 'nflog', prefix }
  }
  // `level warn` is what stands where no level does
  if (tokens.takes('level')) tokens.next()
  return { kind: 'log', prefix }
}

/** `tproxy to :801 meta mark set meta mark & A | B accept`: one thing, whatever it is called. */
function catching(tokens: Tokens): Done {
  tokens.must('to')
  const port = /^:(\d+)$/.exec(tokens.next())?.[1] ?? tokens.bad('a catch for one address')
  tokens.must('meta', 'mark', 'set', 'meta', 'mark', '&')
  const kept = tokens.number(tokens.next())
  tokens.must('|')
  const value = tokens.number(tokens.next())
  if (value !== CATCH_MARK || ((~kept | value) >>> 0) !== CATCH_MASK) tokens.bad('the mark is not ours')
  tokens.must('accept')
  return { tests: [{ on: 'service', not: false, spans: [PORTS.tcp] }], action: { kind: 'catch', port: tokens.number(port, 65535) } }
}

function classify(tokens: Tokens): Action {
  const queue = tokens.next()
  return /^[0-9a-f]+:[0-9a-f]+$/.test(queue) ? { kind: 'classify', queue } : tokens.bad(`\`${queue}\` is no class`)
}

/** `ct mark & A | B`: what is in A stays, what is in B comes. */
function setMark(tokens: Tokens): Action {
  tokens.must('ct', 'mark', '&')
  const kept = tokens.number(tokens.next())
  tokens.must('|')
  const value = tokens.number(tokens.next())
  // bits of both are set, whatever they were
  return { kind: 'mark', value, mask: (~kept | value) >>> 0 }
}

/** `limit rate ...`, and the same in the bucket of a set. */
export function nftRate(tokens: Tokens): readonly Test[] | undefined {
  let bucket = ''
  if (tokens.takes('add')) {
    bucket = tokens.next()
    tokens.must('{')
    if (!tokens.takes('ip', 'saddr') && !tokens.takes('ip6', 'saddr')) tokens.bad('a bucket by something else than the source')
  } else if (tokens.peek() !== 'limit') return undefined
  tokens.must('limit', 'rate')
  const match = /^(\d+)\/second$/.exec(tokens.next()) ?? tokens.bad('a rate that is not known here')
  tokens.must('burst')
  const burst = tokens.number(tokens.next())
  tokens.must('packets')
  if (bucket === '') return [{ on: 'rate', perSecond: Number(match[1]), burst, bucket }]
  tokens.must('}')
  const [, name = '', family = ''] = /^@rate_([a-z]+)([46])$/.exec(bucket) ?? tokens.bad(`the bucket \`${bucket}\` is not ours`)
  return [{ on: 'family', family: family === '4' ? 4 : 6 }, { on: 'rate', perSecond: Number(match[1]), burst, bucket: name }]
}
