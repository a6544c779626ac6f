// Rules of the table nat beside a policy: red masquerades what is forwarded, and that is all that a policy translates. Danger prevented: a
// redirection that is counted as carried over because nothing is said of it.
import type { CompiledPolicy } from '../../decision/compile.ts'
import type { Judged } from './judge.ts'
import type { IptRule, Target } from './rule.ts'

export function translation({ policy }: CompiledPolicy, rule: IptRule, target: Target & { readonly kind: 'translate' }): Pick<Judged, 'status' | 'why' | 'hint'> {
  const { red, proxy } = policy.gateway
  const { cards, sources } = rule.constants
  if (target.name === 'MASQUERADE' || target.name === 'SNAT') {
    const masked = red.filter((each) => each.masquerade)
    if (masked.length === 0) return { status: 'not-implied', why: 'the policy masquerades nothing', hint: 'give `gateway.red`, whose `masquerade` is true where nothing is said' }
    if (cards.length > 0 && !cards.some((card) => masked.some((each) => each.interface === card || (card.endsWith('+') && each.interface.startsWith(card.slice(0, -1)))))) return { status: 'not-implied', why: `\`${cards.join(', ')}\` is not what the policy masquerades behind: that is \`${masked.map((each) => each.interface).join(', ')}\`` }
    if (target.name === 'SNAT') return { status: 'not-implied', why: `red masquerades with the address that it has, not with \`${target.to ?? 'a fixed one'}\``, hint: 'the same, where red has that address alone' }
    return { status: 'implied', why: `red masquerades what is forwarded${sources.length > 0 ? ', of every green network' : ''}` }
  }
  if (target.name === 'REDIRECT' || target.name === 'TPROXY') return { status: 'not-implied', why: `the policy sends nobody to the proxy without his knowing: it is asked at port ${proxy.port}`, hint: 'tell the clients of the proxy: a PAC file, or a setting of the browser' }
  return { status: 'not-implied', why: `${target.name} lets the internet in, or sends a packet elsewhere: a policy speaks of what goes out`, hint: 'keep it in a table of its own beside Greengate\'s' }
}
