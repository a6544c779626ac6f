// The column ACTION: `ACCEPT`, `DROP:info`, `Web(ACCEPT)`, `SSH/ACCEPT` and those that no packet rule is. Danger prevented: an action that is
// unknown here, and may have closed something, passed over as if it were nothing.
import { isFixed, macro } from './macros.ts'
import type { Macro } from './macros.ts'

export type Verdict = 'allow' | 'drop' | 'reject'

export type ActionRead =
  | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly macro?: Macro; readonly name?: string; readonly log: boolean }
  /** what the firewall's own head does in any case */
  | { readonly kind: 'fixed'; readonly message: string }
  /** `mayDeny`: what it closed may be open without it */
  | { readonly kind: 'lost'; readonly message: string; readonly hint?: string; readonly mayDeny: boolean }

const VERDICTS: Readonly<Record<string, Verdict>> = {
  accept: 'allow', 'accept+': 'allow', 'accept!': 'allow', a_accept: 'allow', 'a_accept+': 'allow', 'a_accept!': 'allow', whitelist: 'allow', allow: 'allow',
  drop: 'drop', 'drop!': 'drop', a_drop: 'drop', 'a_drop!': 'drop', blacklist: 'drop', blacklog: 'drop', reject: 'reject', 'reject!': 'reject', a_reject: 'reject', 'a_reject!': 'reject',
}

interface Lost {
  readonly message: string
  readonly hint?: string
  readonly mayDeny: boolean
}

const NO_VERDICT: Lost = { message: 'it decides nothing about the packet', mayDeny: false }
const LOST: Readonly<Record<string, Lost>> = {
  dnat: { message: 'a DNAT lets the internet in, or sends a packet elsewhere: the policy speaks of what goes out', hint: 'keep it in a table of its own beside Greengate\'s; what comes in through red is closed here', mayDeny: false },
  redirect: { message: 'a redirection is no packet rule', hint: 'tell the clients of the proxy, and let `to: gateway`, `services: proxy` be their way out', mayDeny: false },
  nonat: { message: 'nothing is translated here', mayDeny: false },
  log: { ...NO_VERDICT, hint: 'a rule that decides may carry `log: true`' }, nflog: NO_VERDICT, ulog: NO_VERDICT, count: NO_VERDICT, helper: { message: 'connection helpers are not used: `ftp` is its control channel alone', hint: 'use SFTP or HTTPS', mayDeny: false },
  mark: NO_VERDICT, connmark: NO_VERDICT, add: NO_VERDICT, del: NO_VERDICT, audit: NO_VERDICT, setevent: NO_VERDICT, resetevent: NO_VERDICT,
  continue: { message: '`CONTINUE` ends the search in this pair of zones, which no rule does', hint: 'say what the policy said: `ACCEPT`, `DROP` or `REJECT`', mayDeny: true },
  queue: { message: 'a program decides about the packet', mayDeny: true }, nfqueue: { message: 'a program decides about the packet', mayDeny: true },
  limit: { message: 'a limit for each source is no condition of a rule', mayDeny: true },
  inline: { message: 'words of iptables behind `;;` are not read', mayDeny: true }, iptables: { message: 'a target of iptables is not read', mayDeny: true }, ip6tables: { message: 'a target of ip6tables is not read', mayDeny: true },
  tarpit: { message: 'a tarpit is neither `drop` nor `reject`', hint: 'write `DROP`', mayDeny: true },
}

export function readAction(text: string): ActionRead {
  const log = /^[^:()]*(?:\([^()]*\))?:(?!none\b)/i.test(text)
  const bare = text.replace(/^([^:()]*(?:\([^()]*\))?):.*$/, '$1')
  const called = /^([\w+!.-]+)\((.*)\)$/.exec(bare) ?? /^([\w.-]+)\/([\w+!:]+)$/.exec(bare)
  const name = called?.[1] ?? bare
  const parameter = (called?.[2] ?? '').replace(/:.*$/, '')
  const key = name.toLowerCase().replace(/-$/, '')
  const verdict = VERDICTS[key]
  // its parameters are a log level, a way to reject, ...
  if (verdict !== undefined) return { kind: 'verdict', verdict, log: log || key === 'blacklog' }
  const known = LOST[key]
  if (known !== undefined) return { kind: 'lost', ...known }
  if (isFixed(name)) return { kind: 'fixed', message: `\`${name}\` is what the firewall's own head does before any rule` }
  const found = macro(name)
  const inner = parameter === '' ? undefined : VERDICTS[parameter.toLowerCase()]
  if (found === undefined) return { kind: 'lost', message: `nothing here knows the action or macro \`${name}\``, hint: 'write out the lines that it stands for', mayDeny: inner !== 'allow' }
  if (inner === undefined) {
    const decides = LOST[parameter.toLowerCase()]
    return decides === undefined ? { kind: 'lost', message: `\`${text}\` does not say what becomes of the packet`, hint: `write \`${name}(ACCEPT)\``, mayDeny: true } : { kind: 'lost', ...decides }
  }
  return { kind: 'verdict', verdict: inner, macro: found, name, log: log || /:/.test(called?.[2] ?? '') }
}

export function isAction(text: string): boolean {
  const key = text.toLowerCase().replace(/[:(/].*$/, '').replace(/-$/, '')
  return key in VERDICTS || key in LOST || isFixed(key) || macro(key) !== undefined || /^\w+[(/]\w/.test(text)
}
