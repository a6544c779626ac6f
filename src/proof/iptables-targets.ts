// What a line of iptables does with a packet. Danger prevented: a target that ends the packet's way read as one that lets it go on.
import { CATCH_MARK, CATCH_MASK } from '../firewall/route.ts'
import type { Words } from './iptables-words.ts'
import type { Action } from './model.ts'
import { TCP_RESET, refusal4, refusal6 } from './rejects.ts'

/** The sets of the drop ledger: packets fill them, and no verdict hangs on them. */
export const LEDGER = /^gg_(?:ledger|seen)[46]$/

/** The mark of what was caught, with its mask. */
export const CATCH = `0x${CATCH_MARK.toString(16)}/0x${CATCH_MASK.toString(16)}`

/** Behind `-j`; `protocol`: of the line's `-p`. */
export function targetOf(words: Words, protocol: number | undefined): Action {
  const name = words.next()
  switch (name) {
    case 'ACCEPT': return { kind: 'accept' }
    case 'DROP': return { kind: 'drop' }
    case 'RETURN': return { kind: 'return' }
    case 'MASQUERADE': return { kind: 'masquerade' }
    case 'REJECT': return rejection(words, protocol)
    case 'LOG': return { kind: 'log', prefix: prefixOf(words, /^--log-/, '--log-prefix') }
    case 'NFLOG': return { kind: 'nflog', prefix: prefixOf(words, /^--nflog-/, '--nflog-prefix') }
    case 'CONNMARK': return setMark(words)
    case 'CLASSIFY': return classify(words)
    case 'TPROXY': return catching(words, protocol)
    case 'SET': return ledger(words)
    default:
      // every other target has options of its own, and a chain has none
      if (!/^GG_[A-Z0-9_]+$/.test(name)) words.bad(`the target \`${name}\` is not known here`)
      return { kind: 'jump', chain: name }
  }
}

function rejection(words: Words, protocol: number | undefined): Action {
  if (words.next() !== '--reject-with') words.bad('a rejection that does not say with what')
  const name = words.next()
  if (name === TCP_RESET) {
    if (protocol !== 6) words.bad('`tcp-reset` without `-p tcp`')
    return { kind: 'reject', 4: TCP_RESET, 6: TCP_RESET }
  }
  const answer = (words.family === 4 ? refusal4(name.replace(/^icmp-/, '')) : refusal6(name.replace(/^icmp6-/, ''))) ?? words.bad(`\`${name}\` is not known here`)
  return { kind: 'reject', 4: answer, 6: answer }
}

function prefixOf(words: Words, known: RegExp, named: string): string {
  let prefix = ''
  for (let word = words.option(known); word !== undefined; word = words.option(known)) {
    const value = words.next()
    if (word === named) prefix = value
    else if (word !== '--log-level' && word !== '--nflog-group') words.bad(`\`${word}\` is not known here`)
  }
  return prefix
}

function ledger(words: Words): Action {
  if (words.option(/^--add-set$/) === undefined || !LEDGER.test(words.next()) || words.next() !== 'src,dst,dst') words.bad('a set that is no ledger')
  for (let word = words.option(/^--(?:exist|timeout)$/); word !== undefined; word = words.option(/^--(?:exist|timeout)$/)) if (word === '--timeout') words.number(words.next())
  return { kind: 'count' }
}

/** Every word of it: another mark is another packet's, and without its protocol the kernel does not load it. */
function catching(words: Words, protocol: number | undefined): Action {
  if (protocol !== 6) words.bad('`TPROXY` without `-p tcp`')
  if (words.next() !== '--on-port') words.bad('a catch that does not say where')
  const port = words.number(words.next(), 65535)
  if (words.next() !== '--on-ip' || words.next() !== (words.family === 4 ? '0.0.0.0' : '::')) words.bad('a catch for one address')
  if (words.next() !== '--tproxy-mark' || words.next() !== CATCH) words.bad('the mark is not ours')
  return { kind: 'catch', port }
}

/** iptables-save fills the numbers up. */
function classify(words: Words): Action {
  if (words.next() !== '--set-class') words.bad('only `--set-class` is known here')
  const [, major = '', minor = ''] = /^0*([0-9a-f]+):0*([0-9a-f]+)$/.exec(words.next()) ?? words.bad('this is no class')
  return { kind: 'classify', queue: `${major}:${minor}` }
}

function setMark(words: Words): Action {
  if (words.next() !== '--set-xmark') words.bad('only `--set-xmark` is known here')
  const [value, mask = '0xffffffff'] = words.next().split('/')
  return { kind: 'mark', value: words.number(value), mask: words.number(mask) }
}
