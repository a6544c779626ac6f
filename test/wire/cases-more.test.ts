// The cases of all other rules: see cases.test.ts, in a file of their own so that two processes share the work.
import t from 'tap'
import { tryRules } from './try-rules.ts'

await tryRules(t, process.argv.slice(2), (rule) => !/^(?:[1-9]|1[0-3])r?$/.test(rule))
