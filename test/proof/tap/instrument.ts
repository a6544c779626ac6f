// A printed text with a tap in it: each line that names itself or ends a packet's way says so on a log group first. What packets meet is the
// line as it was. Limits are lifted, so that a flood of probes is under them.

export const TAP_GROUP = 77
/** Held back until so many are there; the last probe of a batch lets all of them go. */
const THRESHOLD = 40

/** `GREEN:12`: chain as the model calls it, and the line's place. */
function place(chain: string, number: number): string {
  return `${chain}:${number}`
}

export function tappedIptables(text: string): string {
  const numbers = new Map<string, number>()
  return text.split('\n').flatMap((line) => {
    const match = /^-A (GG_\S+) (.*)$/.exec(line)
    if (match === null) return [line]
    const [, chain = '', rest = ''] = match
    const number = (numbers.get(chain) ?? 0) + 1
    numbers.set(chain, number)
    const lifted = rest.replace('--limit 20/sec --limit-burst 40', '--limit 10000/sec --limit-burst 10000')
    const final = /-j (?:ACCEPT|DROP|REJECT\b.*)$/.test(lifted)
    if ((!final && !lifted.includes('--comment')) || /-m hashlimit|-j GG_\S*LOG$/.test(lifted) || lifted.includes('MASQUERADE')) return [`-A ${chain} ${lifted}`]
    const tests = lifted.replace(/ ?-[jg] (?:[A-Z_0-9]+)(?: --.*)?$/, '').replace(/^-[jg] .*$/, '').replace(/ ?-m comment --comment "[^"]*"/, '')
    return [`-A ${chain}${tests === '' ? '' : ` ${tests.trim()}`} -j NFLOG --nflog-group ${TAP_GROUP} --nflog-threshold ${THRESHOLD} --nflog-prefix "${place(chain, number)}"`, `-A ${chain} ${lifted}`]
  }).join('\n')
}

export function tappedNft(text: string): string {
  let chain = ''
  let number = 0
  return text.split('\n').map((line) => {
    const begins = /^\tchain (\S+) \{$/.exec(line)
    if (begins !== null) {
      chain = begins[1] ?? ''
      number = 0
      return line
    }
    if (chain === '' || !line.startsWith('\t\t') || /^\t\ttype /.test(line)) return line
    number += 1
    const lifted = line.replace('limit rate 20/second burst 40 packets', 'limit rate 100000/second burst 100000 packets')
    const tap = `log prefix "${place(chain, number)}" group ${TAP_GROUP} queue-threshold ${THRESHOLD} `
    if (lifted.includes('masquerade')) return lifted
    if (lifted.includes('counter name "')) return lifted.replace('counter name "', `${tap}counter name "`)
    // an answer of one family asks for it by itself, but only where it stands
    const family = /reject with icmp /.test(lifted) ? 'meta nfproto ipv4 ' : /reject with icmpv6 /.test(lifted) ? 'meta nfproto ipv6 ' : ''
    return lifted.replace(/(^\t\t|.* )(accept|drop|reject(?: with .*)?)$/, (_, before: string, verdict: string) => `${before}${family}${tap}${verdict}`)
  }).join('\n')
}

/** Behind everything: who came so far was accepted. Nothing leaves, so nobody need listen. */
export const TAP_TABLE = `table inet tap {
${(['prerouting', 'output'] as const).map((hook) => `	chain end_${hook} {
		type filter hook ${hook} priority -500; policy accept;
		ip protocol 253 log prefix "end" group ${TAP_GROUP} queue-threshold 1 drop
	}`).join('\n')}
${(['input', 'forward', 'output'] as const).map((hook) => `	chain ${hook} {
		type filter hook ${hook} priority 300; policy accept;
		log prefix "accepted" group ${TAP_GROUP} queue-threshold ${THRESHOLD} drop
	}`).join('\n')}
}
`
