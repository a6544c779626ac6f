// The cases of the rules that speak of requests and responses (1 to 13); `node test/wire/cases.test.ts RULE...`: those of any rules.
import t from 'tap'
import { tryRules } from './try-rules.ts'

await tryRules(t, process.argv.slice(2), (rule) => /^(?:[1-9]|1[0-3])r?$/.test(rule))
