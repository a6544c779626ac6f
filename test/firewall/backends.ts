// The two back ends as tests use them: load into a namespace what was printed, and read a counter by its comment.
import { counterName } from '../../src/firewall/nft-objects.ts'
import type { Stage } from './stage.ts'

export interface Backend {
  readonly name: 'iptables' | 'nft'
  load(stage: Stage, space: string, texts: ReadonlyMap<string, string>): void
  /** packets that lines with this comment counted */
  counted(stage: Stage, space: string, comment: string): number
}

function sum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0)
}

export const BACKENDS: readonly Backend[] = [
  {
    name: 'iptables',
    load(stage, space, texts) {
      stage.must(space, 'ip6tables-restore --noflush', texts.get('ip6tables') ?? '')
      stage.must(space, 'iptables-restore --noflush', texts.get('iptables') ?? '')
    },
    counted: (stage, space, comment) => sum(stage.must(space, 'iptables-save -c; ip6tables-save -c'), new RegExp(`\\[(\\d+):\\d+\\] [^\\n]*"${comment}"`, 'g')),
  },
  {
    name: 'nft',
    load(stage, space, texts) {
      stage.must(space, 'nft -f -', texts.get('nft') ?? '')
    },
    counted: (stage, space, comment) => sum(stage.must(space, 'nft list counters table inet greengate'), new RegExp(`counter ${counterName(comment.replace('gg:', ''))} \\{\\s+packets (\\d+) bytes`, 'g')),
  },
]
