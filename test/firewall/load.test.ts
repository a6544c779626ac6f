// Every golden text loaded for real into a throw-away namespace: what the kernel then lists is what the text says, loading again changes
// nothing, and the command in the head takes every trace of ours out again and nothing else. (`--test` passes faults that a load finds.)
import t from 'tap'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Format } from '../../src/firewall/head.ts'
import { caseNames, readCase } from './cases.ts'
import { inNamespace, unable } from './root.ts'

const skip = unable(['iptables-restore', 'ip6tables-restore', 'nft', 'awk', 'ip', 'tc'])
const folder = mkdtempSync(join(tmpdir(), 'greengate-load-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const FOREIGN = 'iptables -A INPUT -s 198.51.100.1 -j DROP; iptables -N theirs; iptables -A theirs -j ACCEPT; ip6tables -A INPUT -s 2001:db8::1 -j DROP;'

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** The recovery commands as the head names them, whatever the format. */
function commands(text: string): string {
  return text.split('\n').filter((line) => /^# {3}\S/.test(line)).map((line) => line.slice(4)).join('\n')
}

function own(lines: string): string[] {
  return lines.split('\n').filter((line) => /^(-A|:)\s?GG_/.test(line)).sort()
}

const SEPARATOR = '=====8<====='

for (const name of caseNames()) {
  t.test(name, { skip }, async (t) => {
    const { texts } = readCase(name)
    const path = (format: Format): string => file(`${name}.${format}`, texts.get(format) ?? '')

    for (const tool of ['iptables', 'ip6tables'] as const) {
      const text = texts.get(tool) ?? ''
      const load = `${tool}-restore --noflush < ${path(tool)}`
      const { code, out, err } = inNamespace(`${FOREIGN} before=$(${tool}-save | grep -v '^#'); ${load} && ${tool}-save; echo '${SEPARATOR}'
        ${load} && ${tool}-save; echo '${SEPARATOR}'; ${commands(text)}; ${tool}-save; echo '${SEPARATOR}'; echo "$before"`)
      const [once = '', twice = '', after = '', before = ''] = out.split(`${SEPARATOR}\n`)
      t.equal(code, 0, `${tool}: ${err}`)
      t.equal(err, '', `${tool}: nothing is complained of`)
      t.same(own(once), own(text), `${tool}: the kernel lists what the text says`)
      t.same(own(twice), own(text), `${tool}: loaded again it is the same`)
      for (const [table = '', body = ''] of text.split(/^\*/m).slice(1).map((part) => part.split(/\n([^]*)/))) {
        const loaded = once.split(/^\*/m).find((part) => part.startsWith(`${table}\n`)) ?? ''
        for (const jump of body.split('\n').filter((line) => line.startsWith('-I '))) {
          const [, builtIn = '', , , chain = ''] = jump.split(' ')
          t.equal(loaded.split('\n').find((line) => line.startsWith(`-A ${builtIn} `)), `-A ${builtIn} -j ${chain}`, `${tool}: our jump is first in ${builtIn} of ${table}`)
        }
      }
      t.notMatch(after, /GG_/, `${tool}: the recovery command leaves no trace of ours`)
      const filter = (saved: string): string => /\*filter\n[\s\S]*?COMMIT/.exec(saved)?.[0].replace(/\[\d+:\d+\]/g, '') ?? ''
      t.equal(filter(after), filter(before), `${tool}: and what is others' as it was`)
    }

    const text = texts.get('nft') ?? ''
    const list = 'TZ=UTC nft -s list table inet greengate'
    const load = `nft -f ${path('nft')}`
    const { code, out, err } = inNamespace(`${load} && ${list}; echo '${SEPARATOR}'; ${load} && ${list}; echo '${SEPARATOR}'; ${commands(text)}; nft list ruleset`)
    const [once = '', twice = '', after = ''] = out.split(`${SEPARATOR}\n`)
    t.equal(code, 0, `nft: ${err}`)
    t.equal(err, '', 'nft: nothing is complained of')
    // we print a number, which no time zone moves; nft lists a date
    const dated = text.replace(/(meta time (?:<|>=)) (\d+)/g, (_, words: string, at: string) => `${words} "${new Date(Number(at) * 1000).toISOString().slice(0, 19).replace('T', ' ')}"`)
    t.equal(once, dated.slice(dated.indexOf('table inet greengate {')), 'nft: the kernel lists what the text says')
    t.equal(twice, once, 'nft: loaded again it is the same')
    t.equal(after, '', 'nft: the recovery command leaves no trace')
  })

  t.test(`${name} by the script`, { skip }, async (t) => {
    const { texts } = readCase(name)
    const script = texts.get('script') ?? ''
    const path = file(`${name}.sh`, script)
    const interfaces = 'ip link set lo up; for each in green0 red0; do ip link add $each type veth peer name peer-$each; done;'
    const again = `iptables -I INPUT 1 -s 198.51.100.2 -j DROP; sh ${path}`
    const { code, out, err } = inNamespace(`${interfaces} ${FOREIGN} sh ${path} && ${again} && iptables-save && ip6tables-save; echo '${SEPARATOR}'; tc class show dev green0; echo '${SEPARATOR}'; ${commands(script)}; iptables-save; ip6tables-save; tc qdisc show; ip rule; ip -6 rule; ip route show table 4747 2>/dev/null; true`)
    const [saved = '', classes = '', after = ''] = out.split(`${SEPARATOR}\n`)
    t.equal(code, 0, err)
    t.equal(/^class htb 4747:101 /m.test(classes), /^cap 101 /m.test(texts.get('tc') ?? ''), 'queues where a rule limits, and nowhere else')
    t.notMatch(after, / 4747:|lookup 4747|local default dev lo/, 'the recovery commands leave none')
    const [four = '', six = ''] = saved.split(/(?=# Generated by ip6tables-save)/)
    t.ok(four.includes('-A INPUT -j GG_INPUT\n-A INPUT -s 198.51.100.2/32 -j DROP\n'), 'the jump is first again, before what was put before it')
    for (const [family, lines] of [['IPv4', four], ['IPv6', saved.slice(four.length) || six]] as const) {
      for (const chain of ['INPUT', 'FORWARD', 'OUTPUT', 'PREROUTING']) {
        const jumps = lines.split('\n').filter((line) => line.startsWith(`-A ${chain} -j GG_`))
        t.ok(jumps.length > 0 && new Set(jumps).size === jumps.length, `${family}: each jump in ${chain} once`)
      }
    }
    t.notMatch(after, /GG_/, 'the recovery commands leave no trace of ours')
    t.match(after, /198\.51\.100\.1/, 'and what is others\'')
  })
}

t.test('a script whose second family does not load leaves nothing of the first, on a machine that had no rules yet too', { skip }, async (t) => {
  const script = file('half.sh', readCase('01-office').texts.get('script') ?? '')
  // the trial loads pass, and the load itself does not
  const failing = `real=$(command -v iptables-restore); mkdir -p ${folder}/bin; printf '%s\n' '#!/bin/sh' 'case "$*" in *"-w 5"*) cat >/dev/null; exit 4 ;; esac' "exec $real \"\$@\"" > ${folder}/bin/iptables-restore
    chmod +x ${folder}/bin/iptables-restore; PATH=${folder}/bin:$PATH sh ${script}; echo "code $?"; iptables-save; ip6tables-save`
  for (const before of ['', FOREIGN]) {
    const { out, err } = inNamespace(`${before} ${failing}`)
    t.match(out, /^code 1\n/)
    t.match(err, /the rules from before are put back/)
    t.notMatch(out, /GG_/)
    if (before !== '') t.match(out, /198\.51\.100\.1[\s\S]*2001:db8::1/, 'and what is others\'')
  }
})
