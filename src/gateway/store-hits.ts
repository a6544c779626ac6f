// How often each rule decided a request, from the store's sums, over all that they keep. Danger prevented: a rule that is taken out because nothing hit it since the last restart.
import type { DatabaseSync } from 'node:sqlite'

/** Of the store's verdicts; what failed was decided by no rule. */
const ERROR = 2

export function ruleHits(db: DatabaseSync): ReadonlyMap<string, number> {
  const rows = db.prepare('SELECT words.text AS rule, SUM(requests) AS hits FROM by_kind JOIN words ON words.id = by_kind.rule WHERE verdict <> ? GROUP BY by_kind.rule').all(ERROR)
  return new Map(rows.map(({ rule, hits }) => [String(rule), Number(hits)]))
}
