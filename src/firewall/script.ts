// The POSIX shell script that loads both families. Danger prevented: `iptables-restore -w FILE`, which takes the file for a number of
// seconds, loads nothing and returns 0; a file with one bad line that leaves half of itself in force; jumps that pile up.
import { renderTables, jumps } from './iptables.ts'
import { routeLines } from './route.ts'
import type { Ruleset } from './ruleset.ts'
import { shapingLines } from './tc.ts'

const END = 'GREENGATE_END'

function text(family: 4 | 6, ruleset: Ruleset): string {
  return `v${family}() {\ncat <<'${END}'\n${renderTables(ruleset, family)}${END}\n}`
}

const BODY = `
say() { printf 'greengate: %s\\n' "$*" >&2; }

for tool in iptables ip6tables; do
  for command in "$tool" "$tool-save" "$tool-restore"; do
    command -v "$command" >/dev/null 2>&1 || { say "$command is missing"; exit 1; }
  done
done

# A real load in a namespace of its own finds what --test does not; where there is none, --test is what remains.
try() {
  if unshare -n true 2>/dev/null; then unshare -n "$1-restore" --noflush; else "$1-restore" --test --noflush; fi
}
v6 | try ip6tables || { say 'the IPv6 rules do not load here; nothing was changed'; exit 1; }
v4 | try iptables || { say 'the IPv4 rules do not load here; nothing was changed'; exit 1; }

before6=$(ip6tables-save -c) && before4=$(iptables-save -c) || { say 'the rules in force cannot be read; nothing was changed'; exit 1; }
# A table that was not there before is not in what was saved: what is ours goes from it by name.
back() {
  printf '%s\\n' "$2" | "$1-restore" -c
  case $2 in *GG_*) ;; *) "$1-save" -c | grep -vE '(:| )GG_' | "$1-restore" -c ;; esac
}
undo() {
  say 'loading failed; the rules from before are put back'
  back ip6tables "$before6"
  back iptables "$before4"
  exit 1
}
v6 | ip6tables-restore -w 5 --noflush || undo
v4 | iptables-restore -w 5 --noflush || undo

# One jump, first in its chain: each load put one there, so what stands further down is from a former load.
once() {
  "$1" -w 5 -t "$2" -L "$3" -n --line-numbers | awk -v ours="$4" '$2 == ours && $1 > 1 { print $1 }' | sort -rn | while read -r place; do
    "$1" -w 5 -t "$2" -D "$3" "$place"
  done
}
check() {
  "$1-save" -t "$2" | grep -q -- "^-A $3 -j $4\\$" || { say "$1: the jump to $4 is missing"; undo; }
}
`

export function renderScript(ruleset: Ruleset): string {
  const calls = (['ip6tables', 'iptables'] as const).flatMap((tool) => jumps(ruleset, tool === 'iptables' ? 4 : 6).flatMap(({ table, builtIn, chain }) => [
    `once ${tool} ${table} ${builtIn} ${chain}`,
    `check ${tool} ${table} ${builtIn} ${chain}`,
  ]))
  return `set -u\n\n${text(6, ruleset)}\n\n${text(4, ruleset)}\n${BODY}\n${calls.join('\n')}\n${shapingLines(ruleset)}${routeLines(ruleset)}[ "$failed$absent" = 00 ] || exit 1\nsay 'loaded'\n`
}
