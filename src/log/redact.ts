// Credentials that stand inside a request target. Header fields with credentials never come this far (RequestRecord has none); what is
// left is userinfo (RFC 9110 4.2.4), also of a URI inside a query, and secrets among parameters: what OAuth, signed links of the
// clouds, sessions and API keys call theirs. Danger prevented: a log file that is a list of passwords.

const HIDDEN = '***'

/** Keys without capitals, hyphens, underscores, dots and brackets: these alone, ... */
const WORDS = [
  'accesskeyid', 'auth', 'awsaccesskeyid', 'code', 'codeverifier', 'cred', 'creds', 'googleaccessid', 'key', 'otp', 'pass', 'pin', 'pw', 'sas', 'samlrequest', 'samlresponse',
  'session', 'sid', 'sig', 'ticket', 'totp',
]
/** ... and whatever ends in one of these: `client_secret`, `X-Amz-Signature`, `user[password]`. */
const ENDINGS = [
  'accesskey', 'apikey', 'appkey', 'assertion', 'authkey', 'authorization', 'cookie', 'credential', 'credentials', 'hmac', 'jwt', 'nonce', 'passphrase', 'passwd', 'password', 'privatekey',
  'pwd', 'secret', 'secretkey', 'sessid', 'sessionid', 'signature', 'signingkey', 'subscriptionkey', 'token',
]
const SECRET = new RegExp(`^(?:${WORDS.join('|')})$|(?:${ENDINGS.join('|')})$`)

// a parameter's delimiter, its key, and `=`; inside another's value all three may be percent-encoded, several times over
const PARAMETER = /([?&;#]|%(?:25)*(?:3f|26|3b|23))((?:(?!%(?:25)*(?:3f|26|3b|23|3d))[^=&;?#])*)(=|%(?:25)*3d)/gi
const ENCODED_DELIMITER = /[&#]|%(?:25)*(?:26|3b|23)/gi
// behind two slashes, up to the last `@` of what would be an authority there, since a password may hold one
const USERINFO = /((?:\/|%(?:25)*2f){2})(?:(?!%(?:25)*(?:2f|3f|23|26))[^/?#&\s])*(?:@|%(?:25)*40)/gi
const BARE_USERINFO = /^[^/?#]*@/
/** `user:password@` as the whole of a parameter's value begins */
const PAIR = /(=|%(?:25)*3d)(?:(?!%(?:25)*(?:2f|3f|23|26|3d|3a))[^:=/?#&@\s])*(?::|%(?:25)*3a)(?:(?!%(?:25)*(?:2f|3f|23|26|3d))[^=/?#&\s])*(?:@|%(?:25)*40)/gi
/** `@` or `=` of a URI within a parameter */
const ENCODED = /%(?:25)*(?:3d|40)/i
const PERCENT = 0x25

function isSecret(key: string): boolean {
  let plain = key
  for (let round = 0; round < 3 && plain.includes('%'); round++) plain = plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  plain = plain.toLowerCase().replace(/[^a-z0-9]/g, '')
  return SECRET.test(plain)
}

/** The last two letters of every such key: most parameters of most requests are told apart by them. */
const LAST_TWO = new Uint8Array(26 * 26)
for (const key of [...WORDS, ...ENDINGS]) LAST_TWO[letter(key, key.length - 2) * 26 + letter(key, key.length - 1)] = 1

/** 0 to 25; else negative or more */
function letter(text: string, at: number): number {
  return (text.charCodeAt(at) | 0x20) - 0x61
}

/** Might a key before one of the `=` be a secret's? No allocation, since nearly every request asks. */
function maySecret(text: string): boolean {
  for (let at = text.indexOf('='); at >= 0; at = text.indexOf('=', at + 1)) {
    const last = letter(text, at - 1)
    const before = letter(text, at - 2)
    if (isLetter(last) && isLetter(before) ? LAST_TWO[before * 26 + last] === 1 : !isPlain(text, at - 1) || !isPlain(text, at - 2)) return true
    if (text.charCodeAt(at - 3) === PERCENT) return true
  }
  return false
}

function isLetter(value: number): boolean {
  return value >= 0 && value <= 25
}

/** A letter, a digit, or the delimiter before a short key; what is none (an escape, a bracket) is to be looked at. */
function isPlain(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return (code >= 0x30 && code <= 0x39) || isLetter(letter(text, at)) || code === 0x3f || code === 0x26
}

function firstOf(text: string, from: number, delimiters: string): number {
  let at = from
  while (at < text.length && !delimiters.includes(text[at] ?? '')) at++
  return at
}

/** Where the value that begins at `from` ends: what stands in the query itself ends at the query's own delimiters alone. */
function valueEnd(text: string, from: number, delimiter: string, equals: string): number {
  if (delimiter === ';') return firstOf(text, from, '&;#?/')
  if (delimiter.length === 1 && equals === '=') return firstOf(text, from, '&#')
  ENCODED_DELIMITER.lastIndex = from
  return ENCODED_DELIMITER.exec(text)?.index ?? text.length
}

function hideParameters(text: string): string {
  let out = ''
  let copied = 0
  PARAMETER.lastIndex = 0
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text)) {
    const [, delimiter = '', key = '', equals = ''] = found
    if (!isSecret(key)) continue
    const from = PARAMETER.lastIndex
    out += text.slice(copied, from) + HIDDEN
    copied = valueEnd(text, from, delimiter, equals)
    PARAMETER.lastIndex = copied
  }
  return copied === 0 ? text : out + text.slice(copied)
}

let lastShown = ''

/** No more is looked at, or kept; a log shows less. */
const LONGEST = 8192
const MARK = '...'

/** A target that could be read. What was redacted before comes back as it is. */
export function redactTarget(asked: string): string {
  if (asked === lastShown) return asked
  const target = asked.length > LONGEST ? `${asked.slice(0, LONGEST - MARK.length)}${MARK}` : asked
  const nested = target.includes('%') && ENCODED.test(target)
  let text = target
  if (nested || text.includes('@')) text = text.replace(BARE_USERINFO, `${HIDDEN}@`).replace(USERINFO, `$1${HIDDEN}@`).replace(PAIR, `$1${HIDDEN}@`)
  if (nested || maySecret(text)) text = hideParameters(text)
  lastShown = text
  return text
}

const SCHEME = /^[a-z][a-z0-9+.-]{0,20}:[/\\]+/i

/** Behind the last `@`, percent-encoded or not; 0 where there is none. */
function behindLastAt(text: string): number {
  const plain = text.lastIndexOf('@') + 1
  for (let at = text.lastIndexOf('40'); at >= plain; at = at === 0 ? -1 : text.lastIndexOf('40', at - 1)) {
    let from = at
    while (text.startsWith('25', from - 2)) from -= 2
    if (text.charCodeAt(from - 1) === PERCENT) return at + 2
  }
  return plain
}

/**
 * A target that could not be read: nobody knows where its authority ends, so whatever stands before the last `@` goes. `whole`: its end was seen;
 * else a password may stand there whose `@` is yet to come.
 */
export function redactUnread(target: string, whole: boolean): string {
  const scheme = SCHEME.exec(target)?.[0] ?? ''
  const last = behindLastAt(target)
  if (last > 0) return redactTarget(`${scheme}${HIDDEN}@${target.slice(Math.max(last, scheme.length))}`)
  const path = target.startsWith('/') && scheme === ''
  return whole || path || /[/?#]/.test(target.slice(scheme.length)) ? redactTarget(target) : `${scheme}${HIDDEN}`
}
