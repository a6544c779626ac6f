// Host text as ASCII: lower case, and other scripts by IDNA (UTS 46, as browsers do it). Danger prevented: circled letters, full-width
// digits and ideographic dots that mean ASCII to the program on the other side, and something else to the policy.
import { domainToASCII } from 'node:url'

/** Lower case, IDNA applied, dots of other scripts mapped; a final dot stays. Undefined where a character belongs in no host. */
export function asciiHost(text: string): string | undefined {
  let plain = true
  let upper = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isLabelOctet(code) || code === 0x2e) continue
    if (code >= 0x41 && code <= 0x5a) upper = true
    else if (code >= 0x80) plain = false
    else return undefined
  }
  if (plain) return upper ? text.toLowerCase() : text
  return idna(text)
}

/** `domainToASCII` reads numbers as a browser does; a label behind them keeps it from that, for our own stricter reading. */
function idna(text: string): string | undefined {
  const last = text.charCodeAt(text.length - 1)
  const dotted = last === 0x2e || last === 0x3002 || last === 0xff0e || last === 0xff61
  const mapped = domainToASCII(`${dotted ? text.slice(0, -1) : text}.x`)
  if (!mapped.endsWith('.x')) return undefined
  const ascii = mapped.slice(0, -2)
  for (let i = 0; i < ascii.length; i++) {
    const code = ascii.charCodeAt(i)
    if (!isLabelOctet(code) && code !== 0x2e) return undefined
  }
  return dotted ? `${ascii}.` : ascii
}

function isLabelOctet(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f
}
