// Rules that no kernel loads, though `iptables-restore --test` passes some of them: a target in a table that has it not, a match on a hook that
// cannot know. Danger prevented: a rule in a script that its author trusts, and that was never in force.
import type { Family } from '../../net/ip.ts'
import type { Options } from './options.ts'
import { BUILT_IN } from './rule.ts'
import type { Fault, TableName } from './rule.ts'

const REJECTS_4: ReadonlySet<string> = new Set(['icmp-net-unreachable', 'icmp-host-unreachable', 'icmp-port-unreachable', 'icmp-proto-unreachable', 'icmp-net-prohibited', 'icmp-host-prohibited', 'icmp-admin-prohibited', 'tcp-reset', 'net-unreach', 'host-unreach', 'proto-unreach', 'port-unreach', 'net-prohib', 'host-prohib', 'tcp-rst', 'admin-prohib'])
const REJECTS_6: ReadonlySet<string> = new Set(['icmp6-no-route', 'no-route', 'icmp6-adm-prohibited', 'adm-prohibited', 'icmp6-addr-unreachable', 'addr-unreach', 'icmp6-port-unreachable', 'port-unreach', 'tcp-reset', 'icmp6-policy-fail', 'policy-fail', 'icmp6-reject-route', 'reject-route'])
/** What is written, and what is meant. */
const MEANT: Readonly<Record<string, string>> = {
  'icmp-network-unreachable': 'icmp-net-unreachable', 'icmp-net-unreach': 'icmp-net-unreachable', 'icmp-host-unreach': 'icmp-host-unreachable', 'icmp-port-unreach': 'icmp-port-unreachable', 'icmp-unreachable': 'icmp-port-unreachable',
  'icmp-protocol-unreachable': 'icmp-proto-unreachable', 'icmp-administratively-prohibited': 'icmp-admin-prohibited', 'tcp-rest': 'tcp-reset', reset: 'tcp-reset', rst: 'tcp-reset',
}
const NAT: ReadonlySet<string> = new Set(['MASQUERADE', 'SNAT', 'DNAT', 'REDIRECT', 'NETMAP'])
const NAT_HOOKS: Readonly<Record<string, readonly string[]>> = { MASQUERADE: ['POSTROUTING'], SNAT: ['POSTROUTING', 'INPUT'], DNAT: ['PREROUTING', 'OUTPUT'], REDIRECT: ['PREROUTING', 'OUTPUT'], TPROXY: ['PREROUTING'] }
const LONGEST_CHAIN = 28

/** `hooks`: the built-in chains from which the rule's chain is reached; of a built-in chain itself. */
export function faultsOf(options: Options, table: TableName, chain: string, hooks: readonly string[], family: Family): Fault[] {
  const { target, used } = options
  const faults = [...options.faults]
  const add = (message: string, hint: string): void => void faults.push({ message, hint })
  if (chain.length > LONGEST_CHAIN) add(`\`${chain}\` is longer than a chain's name may be`, `at most ${LONGEST_CHAIN} characters`)
  if (target?.kind === 'reject') {
    if (table !== 'filter') add(`REJECT is valid in the table filter alone: in ${table} no kernel loads it`, 'write `-j DROP` there, or the rule in filter; in a policy a rule with `action: reject`, or `blocks`, of which `greengate import blocklist` makes the file of addresses')
    const known = family === 4 ? REJECTS_4 : REJECTS_6
    if (target.with !== undefined && !known.has(target.with)) add(`\`${target.with}\` is no answer that REJECT knows`, `write \`--reject-with ${family === 4 ? (MEANT[target.with] ?? 'icmp-port-unreachable') : 'icmp6-adm-prohibited'}\``)
    if (/^tcp-(?:reset|rst)$/.test(target.with ?? '') && !options.protocols.includes('tcp')) add('`tcp-reset` answers TCP alone', 'add `-p tcp`')
  }
  if (target?.kind === 'drop' && table === 'nat') add('the table nat is not for filtering: DROP does not load there', 'write it in filter, or in mangle PREROUTING')
  if (target?.kind === 'translate') {
    if (NAT.has(target.name) && table !== 'nat') add(`${target.name} is valid in the table nat alone`, `add \`-t nat\``)
    if (target.name === 'TPROXY' && table !== 'mangle') add('TPROXY is valid in the table mangle alone', 'add `-t mangle`')
    const fits = NAT_HOOKS[target.name]
    const wrong = fits === undefined ? undefined : hooks.find((hook) => !fits.includes(hook))
    if (wrong !== undefined) add(`${target.name} is not valid in ${wrong}`, `write it in ${(fits ?? []).join(' or ')}`)
  }
  for (const hook of hooks) {
    if (used.has('mac') && (hook === 'OUTPUT' || hook === 'POSTROUTING')) add(`a MAC cannot be seen in ${hook}`, 'match it where packets come in: INPUT, FORWARD, PREROUTING')
    if (used.has('owner') && hook !== 'OUTPUT' && hook !== 'POSTROUTING') add(`a user cannot be seen in ${hook}`, 'match it in OUTPUT: only what this machine sends has one')
    if (chain !== hook) continue
    if (options.outCards.length > 0 && (hook === 'INPUT' || hook === 'PREROUTING')) add(`\`-o\` is not valid in ${hook}`, 'write `-i`')
    if (options.inCards.length > 0 && (hook === 'OUTPUT' || hook === 'POSTROUTING')) add(`\`-i\` is not valid in ${hook}`, 'write `-o`')
  }
  const ports = ['--dport', '--sport', '--dports', '--sports', '--ports', '--destination-port', '--source-port', '--destination-ports', '--source-ports'].some((each) => used.has(each))
  if (ports && !options.protocols.some((each) => each === 'tcp' || each === 'udp' || each === 132 || each === 33 || each === 136) && !options.tests.some(({ unsure }) => unsure !== undefined)) add('a port without its protocol', 'add `-p tcp` or `-p udp`')
  return faults
}

export function missingChain(chain: string): Fault {
  return { message: `\`${chain}\` is neither a target nor a chain that is there`, hint: `make it first (\`-N ${chain}\`), or mend its name` }
}

export function isBuiltIn(table: TableName, chain: string): boolean {
  return BUILT_IN[table].includes(chain)
}
