// What a policy says of every forward, made once a policy and not once a request.
import type { Policy } from '../policy/policy.ts'
import type { ForwardLimits } from './forward-owner.ts'
import { PSEUDONYM } from './pseudonym.ts'

/** octets of a status line */
const STATUS_LINE = 8192

const limits = new WeakMap<Policy, ForwardLimits>()

export function forwardLimits(policy: Policy): ForwardLimits {
  let made = limits.get(policy)
  if (made === undefined) {
    const { headerBytes, headerCount } = policy.limits
    made = { via: policy.web.via ? PSEUDONYM : undefined, scan: { lineBytes: STATUS_LINE, fieldBytes: headerBytes }, headerCount }
    limits.set(policy, made)
  }
  return made
}
