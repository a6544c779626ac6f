// Credentials that stand inside a request target. Header fields with credentials never come this far (RequestRecord has none); what is
// left is userinfo in a target that was refused for it (RFC 9110 4.2.4) and secrets in a query. Danger prevented: a log file that is a
// list of passwords.

// up to the last `@` of the authority, since a password may hold one
const USERINFO = /(^|\/\/)[^/?#]*@/
const SECRETS = /([?&;](?:password|passwd|passphrase|pwd|pass|secret|client[_-]?secret|token|(?:access|refresh|id|auth|session|bearer|csrf)[_-]?token|api[_-]?key|private[_-]?key|authorization|jwt)=)[^&;#]*/gi

export function redactTarget(target: string): string {
  let text = target
  if (text.includes('@')) text = text.replace(USERINFO, '$1***@')
  if (text.includes('=')) text = text.replace(SECRETS, '$1***')
  return text
}
