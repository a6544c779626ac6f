// A flush that a look of the watch fell into: the rules are gone already, and that they are not wanted any more is written a moment later. What the look says
// when the flush is over is that nothing is filtered, and not that all is well.
import t from 'tap'
import { placesIn, preparePlaces } from '../../src/plane/places.ts'
import type { OwnRules } from '../../src/plane/own-rules.ts'
import { watch } from '../../src/plane/watch.ts'
import type { WatchEvent } from '../../src/plane/watch.ts'
import { unable } from '../firewall/root.ts'

const RULES: OwnRules = { nft: 'table inet greengate {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n' }

for (const repair of [false, true]) {
  t.test(`a look in the middle of a flush${repair ? ', and nothing is written anew' : ''}`, { skip: unable(['nft', 'flock']), timeout: 30_000 }, async (t) => {
    const places = placesIn(t.testdir({}))
    t.equal(preparePlaces(places), undefined)
    const told: WatchEvent[] = []
    const over = new AbortController()
    let asked = 0
    await watch({
      // none of ours are in this machine's kernel: only read here
      places, repair, pollMs: 60_000, signal: over.signal, wanted: async () => (asked++ === 0 ? RULES : {}),
      tell: (event) => {
        told.push(event)
        over.abort()
      },
    })
    t.match(told, [{ event: 'problem', problem: /^none of our rules is in force, by a command of ours/ }])
    t.equal(told.length, 1)
  })
}
