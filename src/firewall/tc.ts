// The queues of rules that slow down, as a POSIX shell script for tc: at each interface a tree of classes, into which the packet filter sorts
// by the flow's mark. Dangers prevented: somebody else's queues replaced; a class that stays when its rule is gone; a change that drops what
// is queued (classes are replaced one by one, the tree only made where there is none).
import type { Ruleset, ShapeClass, Shaping } from './ruleset.ts'

/** `GG`: our tree at an interface is the one with this number. */
const HANDLE = '4747'
/** classes of the tree itself: the line, and what no rule slows */
const LINE = 1
const REST = 2
/** where rules' classes begin, in the kernel's hexadecimal */
const FIRST = 0x100

/** `4747:101`, as nft and tc write it. */
export function className(id: number): string {
  return `${HANDLE}:${(FIRST + id).toString(16)}`
}

/** A cap's queue holds about a third of a second, and what TCP sends in one go. */
function queueOctets(rate: number): number {
  return Math.max(64 * 1024, Math.ceil(rate / 3))
}

/** Prints the interfaces that have a tree of ours. */
export const TREES = `tc qdisc show 2>/dev/null | awk '/^qdisc htb ${HANDLE}: dev / { print $5 }'`

const FUNCTIONS = `
tree() { tc qdisc show dev "$1" root 2>/dev/null | grep -q '^qdisc htb ${HANDLE}: '; }
# a queue with a number was put there by somebody; what the kernel gives by itself has none
foreign() { tc qdisc show dev "$1" root 2>/dev/null | grep -E '^qdisc' | grep -qvE '^qdisc [a-z_]+ (0|${HANDLE}): '; }

# $1: interface, $2: bits a second of the line behind it; 0: as the card says
line() {
  dev=$1 bits=$2 kept=' ${HANDLE}:${LINE} ${HANDLE}:${REST} '
  ip link show dev "$dev" >/dev/null 2>&1 || { say "there is no interface $dev: nothing is slowed there"; absent=1 dev=; return; }
  if foreign "$dev"; then say "$dev has queues of somebody else's (tc qdisc show dev $dev): left as they are, nothing is slowed there"; failed=1 dev=; return; fi
  card=0; [ "$bits" -gt 0 ] || { card=1; bits=$(($(cat "/sys/class/net/$dev/speed" 2>/dev/null || echo 0) * 1000000)); }
  [ "$bits" -gt 0 ] || bits=10000000000
  tree "$dev" || run tc qdisc replace dev "$dev" root handle ${HANDLE}: htb default ${REST}
  class ${LINE} ${HANDLE}: "$bits" "$bits" 0 60000
  class ${REST} ${HANDLE}:${LINE} $((bits / 2)) "$bits" 0 60000
  # where the card is the line, taking packets apart would cost more than it gains: its own queue is behind this one
  if [ "$card" -eq 1 ]; then run tc qdisc replace dev "$dev" parent ${HANDLE}:${REST} handle 3: bfifo limit "$(tenth "$bits")"
  else leaf ${REST} "$(tenth "$bits")"; fi
}
# $1: class, $2: parent, $3: bits a second that are its own, $4: at most, $5: who borrows first (0), $6: octets a turn
class() {
  [ -z "$dev" ] || run tc class replace dev "$dev" parent "$2" classid ${HANDLE}:"$1" htb rate "$3"bit burst "$(ahead "$3")" ceil "$4"bit cburst "$(ahead "$4")" prio "$5" quantum "$6"
}
# octets of four milliseconds, and two packets at least: with less the kernel's timer, and not the rate, is the limit
ahead() { if [ "$1" -gt 6400000 ]; then echo $(($1 / 2000)); else echo 3200; fi; }
# $1: class, $2: octets that wait. tbf, faster than its class, is here for what it does to packets that are as long as forty: it takes them apart,
# so that a full queue loses one packet and not a whole window
leaf() { [ -z "$dev" ] || run tc qdisc replace dev "$dev" parent ${HANDLE}:"$1" handle "$1": tbf rate 100gbit burst 16kb limit "$2"; }
# $1: bits a second: octets of a tenth of a second, in bounds
tenth() { few=$(($1 / 80)); [ "$few" -ge 65536 ] || few=65536; [ "$few" -le 4000000 ] || few=4000000; echo "$few"; }
# $1: class, $2: bits a second at most, $3: octets that wait, $4: how many caps share a quarter of the line that is theirs before others borrow
cap() {
  [ -n "$dev" ] || return 0
  most=$2 own=$((bits / 4 / $4))
  [ "$most" -le "$bits" ] || most=$bits
  [ "$own" -le "$most" ] || own=$most
  class "$1" ${HANDLE}:${LINE} "$own" "$most" 0 1514
  leaf "$1" "$3"
  kept="\${kept}${HANDLE}:$1 "
}
# $1: class that gets what nobody else wants
idle() {
  [ -n "$dev" ] || return 0
  own=$((bits / 1000))
  [ "$own" -ge 8000 ] || own=8000
  class "$1" ${HANDLE}:${LINE} "$own" "$bits" 7 1514
  leaf "$1" "$(tenth "$bits")"
  kept="\${kept}${HANDLE}:$1 "
}
# classes of rules that are no more
sweep() {
  [ -n "$dev" ] || return 0
  for old in $(tc class show dev "$dev" 2>/dev/null | awk '$1 == "class" && $2 == "htb" { print $3 }'); do
    case $kept in *" $old "*) ;; *) tc class delete dev "$dev" classid "$old" 2>/dev/null ;; esac
  done
}
# our tree, and no other, away from every interface but $*
clear() {
  for each in $(${TREES}); do
    case " $* " in *" $each "*) ;; *) run tc qdisc delete dev "$each" root handle ${HANDLE}: ;; esac
  done
}
run() { "$@" || { say "failed: $*"; failed=1; }; }
`

/** What takes every queue of ours out again. */
export const TC_RECOVERY = `${TREES} | while read -r d; do tc qdisc delete dev "$d" root handle ${HANDLE}:; done`

function bits(octets: number): string {
  return String(Math.round(octets * 8))
}

function classLine(each: ShapeClass, caps: number): string {
  const minor = className(each.id).slice(HANDLE.length + 1)
  return each.rate === undefined ? `idle ${minor}  # ${each.rule}` : `cap ${minor} ${bits(each.rate)} ${queueOctets(each.rate)} ${caps}  # ${each.rule}`
}

function lineLines(shaping: Shaping): readonly string[] {
  const caps = shaping.classes.filter(({ rate }) => rate !== undefined).length
  const calls = shaping.lines.flatMap(({ interface: name, rate }) => [`line ${name} ${rate === undefined ? 0 : bits(rate)}`, ...shaping.classes.map((each) => classLine(each, caps)), 'sweep'])
  return [...calls, ['clear', ...shaping.lines.map((each) => each.interface)].join(' ')]
}

/** The queues of a ruleset, behind its rules or alone; where no rule slows, ours are taken away. It leaves `failed`, and `absent`: an interface is not there. */
export function shapingLines({ shaping }: Pick<Ruleset, 'shaping'>): string {
  const needed = shaping === undefined ? '' : "command -v tc >/dev/null 2>&1 || { say 'tc is missing: nothing is slowed'; exit 1; }\n"
  const calls = shaping === undefined ? ['if command -v tc >/dev/null 2>&1; then clear; fi'] : lineLines(shaping)
  return `${FUNCTIONS}\nfailed=0 absent=0\n${needed}${calls.join('\n')}\n`
}

export function renderTc(ruleset: Ruleset): string {
  return `set -u\n\nsay() { printf 'greengate: %s\\n' "$*" >&2; }\n${shapingLines(ruleset)}[ "$failed$absent" = 00 ] && say 'queues loaded'\nexit $((failed | absent))\n`
}
