// Runs inside a namespace: puts one of two rulesets in force after the other, as an apply does, for so many seconds; prints how often.
import { readFileSync } from 'node:fs'
import { placesIn, preparePlaces } from '../../src/plane/places.ts'
import { putRules } from '../../src/plane/put.ts'
import type { OwnRules } from '../../src/plane/own-rules.ts'

const [state = '', file = '', seconds = '1'] = process.argv.slice(2)
const places = placesIn(state)
const problem = preparePlaces(places)
if (problem !== undefined) throw new Error(problem)
const rulesets = JSON.parse(readFileSync(file, 'utf8')) as readonly OwnRules[]
let count = 0
for (const end = performance.now() + Number(seconds) * 1000; performance.now() < end; count++) {
  const rules = rulesets[count % rulesets.length]
  if (rules !== undefined) await putRules(places, rules, count % 4 === 3)
}
process.stdout.write(`${count}\n`)
