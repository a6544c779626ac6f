// The time as responses and records tell it, made once a second and once an exchange; and ids of requests that no two workers share.
import { randomBytes } from 'node:crypto'

let second = -1
let text = ''

/** IMF-fixdate of now (RFC 9110 5.6.7). */
export function httpDate(): string {
  const now = Date.now()
  const current = Math.floor(now / 1000)
  if (current !== second) {
    second = current
    text = new Date(now).toUTCString()
  }
  return text
}

const PREFIX = randomBytes(5).toString('hex')
let count = 0

export function requestId(): string {
  count++
  return `${PREFIX}-${count.toString(36)}`
}
