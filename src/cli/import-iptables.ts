// `greengate import iptables`: no policy is made; each rule of an iptables-save or a script is held beside a policy that is there already. Danger prevented:
// an old rule thrown away with the tool that held it, while the policy says something else.
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { judgeText } from '../import/iptables/judge.ts'
import type { Judged, Status } from '../import/iptables/judge.ts'
import { readIptables } from '../import/iptables/text.ts'
import type { ImportFile, ImportProblem } from '../import/source.ts'
import { escapeText } from '../log/escape.ts'
import { EXIT, usageError } from './exit.ts'
import { onePolicyFile } from '../gateway/policy-path.ts'
import { tellDiagnostics } from './report.ts'
import { say, sayJson } from './say.ts'

const TITLES: readonly (readonly [Status, string])[] = [
  ['fault', 'loads in no kernel'], ['not-implied', 'not implied: the policy says something else'], ['unjudged', 'cannot be judged'], ['never', 'never decides'], ['implied', 'implied by the policy'],
]
const SUMS: Readonly<Record<Status, string>> = { implied: 'implied', 'not-implied': 'not', unjudged: 'cannot be judged', fault: 'load in no kernel', never: 'never decide', 'no-verdict': 'decide nothing' }
const LONGEST_LINE = 200

/** What is wrong with the files; undefined: the report is told. */
export async function importIptables(files: readonly ImportFile[], policy: string, json: boolean): Promise<ImportProblem | undefined> {
  const found = onePolicyFile(policy)
  if (!found.ok) return void usageError(found.problem, found.hint)
  const loaded = await loadPolicy(found.file, machineNow(0))
  if (!loaded.ok) {
    tellDiagnostics(loaded.diagnostics)
    process.exitCode = EXIT.policy
    return undefined
  }
  if (loaded.compiled.policy.gateway.green.length === 0) return { file: found.file, message: 'the policy gives no `gateway.green`, so nothing says from which side a packet comes', hint: 'give `gateway.green` and `gateway.red` their interfaces' }
  const text = readIptables(files)
  if (text.rules.length === 0 && [...text.chains.values()].every((chain) => chain.policy === undefined)) {
    const [first] = text.unread
    return { file: files[0]?.name ?? '', message: 'no rule of iptables is in it', hint: first === undefined ? 'give the output of `iptables-save`, or a script of `iptables -A` lines' : `line ${first.line.origin.line}: ${first.message}` }
  }
  const judged = judgeText(loaded.compiled, text, Date.now())
  const unread = text.unread.map(({ line, message, hint }) => ({ file: line.origin.file, line: line.origin.line, text: line.text.trim(), message, ...(hint === undefined ? {} : { hint }) }))
  if (json) {
    const counts = Object.fromEntries(Object.keys(SUMS).map((status) => [status, judged.filter((each) => each.status === status).length]))
    sayJson({ kind: 'iptables', ok: true, policy: found.file, counts, rules: judged.map(({ line, ...rest }) => ({ file: line.origin.file, line: line.origin.line, text: line.text.trim(), ...rest })), unread }, 2)
    return undefined
  }
  for (const [status, title] of TITLES) {
    const some = judged.filter((each) => each.status === status)
    if (some.length > 0) say(`${title}\n${some.map((each) => entry(each, status)).join('')}\n`)
  }
  if (unread.length > 0) say(`cannot be read\n${unread.map((each) => `  ${escapeText(each.file)}:${each.line}  ${escapeText(each.text, LONGEST_LINE)}\n    ${escapeText(each.message)}\n`).join('')}\n`)
  say(`${summary(judged, found.file)}\n`)
  return undefined
}

function entry({ line, why, hint }: Judged, status: Status): string {
  const head = `  ${escapeText(line.origin.file)}:${line.origin.line}  ${escapeText(line.text.trim().replace(/\s+/g, ' '), LONGEST_LINE)}\n`
  // of what holds anyway the line is enough
  if (status === 'implied') return head
  return `${head}    ${escapeText(why)}\n${hint === undefined ? '' : `    ${escapeText(hint)}\n`}`
}

function summary(judged: readonly Judged[], policy: string): string {
  const parts = (Object.keys(SUMS) as Status[]).flatMap((status) => {
    const count = judged.filter((each) => each.status === status).length
    return count === 0 ? [] : [`${count} ${SUMS[status]}`]
  })
  return `import iptables: of ${judged.length} ${judged.length === 1 ? 'rule' : 'rules'} beside ${policy}: ${parts.join(', ')}`
}
