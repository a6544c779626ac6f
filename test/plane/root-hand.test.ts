// What the helper takes for its own: every text that we print, and none that could do more. Danger prevented: a proxy that was broken into, and that opens
// more than its own table.
import t from 'tap'
import { foreignWords } from '../../src/gateway/root-hand.ts'
import { caseNames, readCase } from '../firewall/cases.ts'

t.test('what is printed is understood, and what could do more is not', async (t) => {
  for (const name of caseNames()) {
    const { texts } = readCase(name)
    t.equal(foreignWords({ nft: texts.get('nft') ?? '', iptables: texts.get('iptables') ?? '', ip6tables: texts.get('ip6tables') ?? '' }), undefined, name)
  }
  const { texts } = readCase('01-office')
  const [nft, four] = [texts.get('nft') ?? '', texts.get('iptables') ?? '']
  const first = nft.indexOf('\tchain input {')
  for (const more of ['flush ruleset\n', 'delete table inet theirs\n', 'include "/etc/shadow"\n', 'table ip nat {\n}\n', 'define x = 5\n', 'add rule ip filter INPUT accept\n']) {
    t.ok(foreignWords({ nft: `${nft}${more}` }), more)
    t.ok(foreignWords({ nft: `${more}${nft}` }), `first: ${more}`)
  }
  for (const line of ['\t\taccept }; delete table inet theirs; table inet greengate { chain y {\n', '\t\tinclude "/etc/shadow"\n', '\t\tqueue\n', '\t\tjump x; }; flush ruleset; {\n']) {
    const at = nft.indexOf('\n', nft.indexOf('policy accept;', first)) + 1
    t.ok(foreignWords({ nft: nft.slice(0, at) + line + nft.slice(at) }), line)
  }
  for (const line of ['-A INPUT -j ACCEPT', '-A GG_INPUT --modprobe=/tmp/x -j ACCEPT', '-F', '-P INPUT ACCEPT', '-A GG_INPUT -j theirs', ':theirs - [0:0]', '-X theirs', '-D INPUT -j theirs', '-t nat -A GG_INPUT -j ACCEPT', '-A GG_INPUT -j ACCEPT -A INPUT -j ACCEPT', '-I INPUT 1 -j ACCEPT', '*security', '-A GG_INPUT -m recent --name x -j DROP']) {
    t.ok(foreignWords({ iptables: four.replace('COMMIT\n', `${line}\nCOMMIT\n`) }), line)
  }
})
