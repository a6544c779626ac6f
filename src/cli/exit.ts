// The exit codes, in one place, because scripts rely on them: a denial must never be mistaken for a failure, nor a failure for "allowed".
import { sayError } from './say.ts'

export const EXIT = {
  ok: 0,
  /** something went wrong while running */
  failure: 1,
  /** the command line itself */
  usage: 2,
  /** `explain`: denied */
  denied: 3,
  /** the policy has errors (with --strict: or warnings) */
  policy: 4,
  /** what is, is not what the policy says: `firewall diff` found a difference, `firewall drill` a hole */
  differs: 5,
} as const

/** Tells one error of use and sets the code for it. */
export function usageError(message: string, hint?: string): void {
  sayError(`greengate: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`)
  process.exitCode = EXIT.usage
}

const PACKAGES: Readonly<Record<string, string>> = { nft: 'nftables', conntrack: 'conntrack', tcpdump: 'tcpdump', ipset: 'ipset', iptables: 'iptables', ip6tables: 'iptables', flock: 'util-linux' }

/** Of a tool that is missing. */
function installing(message: string): string | undefined {
  const name = PACKAGES[/(\w+) is not installed$/.exec(message.trimEnd())?.[1] ?? '']
  return name === undefined ? undefined : `install it: \`apt-get install ${name}\``
}

/** Tells one failure and sets the code for it. */
export function failure(message: string, hint = installing(message)): void {
  sayError(`greengate: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`)
  process.exitCode = EXIT.failure
}
