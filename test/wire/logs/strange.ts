// What a hostile client or origin may write: every octet, the sequences that rule terminals, lines and pages, and text of any kind. latin1, as it
// goes over the wire and as the parser hands it on.
import fc from 'fast-check'

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** name → octets */
export const SEQUENCES: readonly (readonly [name: string, octets: string])[] = [
  ['a line break', '\r\n'], ['LF', '\n'], ['CR', '\r'], ['VT and FF', '\v\f'], ['NUL', '\0'], ['DEL', '\x7f'], ['tab', '\t'], ['backspaces', '\b\b\b'],
  ['ESC: clear', '\x1b[2J\x1b[H'], ['ESC: title', '\x1b]0;owned\x07'], ['ESC: clipboard', '\x1b]52;c;ZWNobw==\x07'], ['ESC: answerback', '\x1bP$q"p\x1b\\'], ['ESC: device', '\x1b[c\x1b[6n'], ['ESC: link', '\x1b]8;;http://e/\x1b\\x\x1b]8;;\x1b\\'],
  ['C1 CSI as an octet', '\x9b31m'], ['C1 OSC as an octet', '\x9d0;owned\x9c'], ['C1 CSI as UTF-8', utf8('\u009b31m')], ['NEL as an octet', '\x85'], ['NEL as UTF-8', utf8('\u0085')],
  ['line separator', utf8('\u2028')], ['paragraph separator', utf8('\u2029')], ['right-to-left override', utf8('\u202egpj.exe')], ['isolates', utf8('\u2066x\u2069')], ['Arabic letter mark', utf8('\u061c')], ['zero width', utf8('\u200b\u200c\u200d\u2060')],
  ['BOM', utf8('\ufeff')], ['soft hyphen', '\xad'], ['tag characters', utf8('\u{e0041}')], ['a lone surrogate (CESU)', '\xed\xa0\x80'], ['overlong /', '\xc0\xaf'], ['overlong CR', '\xc0\x8d\xc0\x8a'], ['overlong NUL', '\xc0\x80'], ['beyond Unicode', '\xf4\x90\x80\x80'],
  ['half a character', '\xe2\x80'], ['5 octets', '\xf8\x88\x80\x80\x80'], ['U+560D and U+560A', utf8('\u560d\u560a')], ['noncharacters', utf8('\ufffe\uffff')],
  ['escaped breaks', '%0d%0a'], ['escaped twice', '%250d%250a'], ['backslash breaks', '\\r\\n\\x1b[2J\\u202e'], ['HTML', '<script>alert(1)</script>'], ['an attribute', '"><img src=x onerror=alert(1)>'], ['entities', '&lt;&#x3c;&quot;'], ['a comment', '--><!--'],
  ['JSON', '","level":"info","event":"request"},{"a":"'], ['a JSON line', '"}\n{"level":"info","event":"request"}'], ['a Squid line', '\n1767323045.018 1 1.2.3.4 TCP_HIT/200 1 GET http://forged/ - NONE/- -'], ['a record of syslog', '\n<14>Jan 1 00:00:00 host sshd: accepted'],
  ['blanks', '   a b  c '], ['quotes', '\'"`'], ['a format', '%s%n%x{0}${jndi:ldap://e/}'], ['prototype', '__proto__'], ['long', 'A'.repeat(6_000)], ['long and strange', '\x9b'.repeat(3_000)], ['long quotes', '"'.repeat(6_000)],
]

/** Any text at all, as one character an octet or as Unicode. */
export const strange = fc.oneof(
  fc.array(fc.constantFrom(...SEQUENCES.map(([, octets]) => octets)), { maxLength: 5 }).map((parts) => parts.join('')),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
)

/** What must not stand raw in anything that is shown: C0 but the line's own end, DEL, C1, separators, bidi, what is not seen, halves of pairs. */
export const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/u

/** The access log's form: ten fields of visible ASCII. */
export const SQUID_LINE = /^[ \d]{9}\d*\.\d{3} [ \d]{5}\d+ [!-~]+ [A-Z_]+\/\d{3} \d+ [\w-]+ [!-~]+ - HIER_(?:DIRECT|NONE)\/[!-~]+ [!-~]+$/
