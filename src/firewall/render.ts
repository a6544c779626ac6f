// Ruleset → the text of one format, head and all. The one entrance for whoever prints.
import type { Policy } from '../policy/policy.ts'
import { headLines } from './head.ts'
import type { Format, Origin } from './head.ts'
import { renderTables } from './iptables.ts'
import { renderNftTable } from './nft.ts'
import type { Ruleset } from './ruleset.ts'
import { renderScript } from './script.ts'
import { renderTc } from './tc.ts'

function body(ruleset: Ruleset, format: Format): string {
  switch (format) {
    case 'iptables': return renderTables(ruleset, 4)
    case 'ip6tables': return renderTables(ruleset, 6)
    case 'nft': return renderNftTable(ruleset)
    case 'script': return renderScript(ruleset)
    case 'tc': return renderTc(ruleset)
  }
}

export function renderRuleset(policy: Policy, ruleset: Ruleset, format: Format, origin: Origin): string {
  const first = format === 'script' || format === 'tc' ? ['#!/bin/sh'] : format === 'nft' ? ['#!/usr/sbin/nft -f'] : []
  return `${[...first, ...headLines(policy, ruleset, format, origin)].join('\n')}\n${body(ruleset, format)}`
}
