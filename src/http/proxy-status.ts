// Proxy-Status (RFC 9209): what this gateway did with the request, as a structured field. Strings are sf-strings: printable ASCII, quotes and
// backslashes escaped. Danger prevented: a detail that ends the string, or the line.

const NAME = 'greengate'

export interface ProxyStatus {
  /** an error type of RFC 9209 2.3 */
  readonly error: string
  readonly details?: string
  /** the status that the upstream sent, where it sent one */
  readonly receivedStatus?: number
}

export function proxyStatus(status: ProxyStatus): string {
  let text = `${NAME}; error=${isErrorType(status.error) ? status.error : 'proxy_internal_error'}`
  if (status.receivedStatus !== undefined) text += `; received-status=${status.receivedStatus}`
  if (status.details !== undefined) text += `; details=${sfString(status.details)}`
  return text
}

/** RFC 8941 3.3.4: an sf-token, here lower case words joined by `_`. */
function isErrorType(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== 95 && (code < 97 || code > 122)) return false
  }
  return text.length > 0
}

/** RFC 8941 3.3.3; octets that it cannot hold become `?`. */
export function sfString(text: string): string {
  let quoted = '"'
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 34 || code === 92) quoted += '\\'
    quoted += code >= 32 && code < 127 ? text[at] : '?'
  }
  return `${quoted}"`
}
