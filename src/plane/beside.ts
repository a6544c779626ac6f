// Queues and routes beside our rules, put into this machine's kernel: with rules that come, and away with those that go. Danger
// prevented: rules in force and nothing slowed, or nothing that is caught reaching anybody, and nobody told.
import { renderBeside } from '../firewall/beside.ts'
import { runTool } from '../kernel/tool.ts'
import type { Kept } from './records.ts'

/** `absent`: it is there, save for interfaces that are not; what is told of it, in words. */
export type BesidePut = { readonly kind: 'there' } | { readonly kind: 'absent' | 'failed'; readonly words: string }

/** What is wanted, and nothing of ours that is not; throws nothing. */
export async function putBeside({ beside }: Pick<Kept, 'beside'>): Promise<BesidePut> {
  const ran = await runTool('sh', ['-s'], renderBeside(beside))
  if (ran.code === 0) return { kind: 'there' }
  const words = ran.err.trim().split('\n').join('; ')
  return { kind: ran.code === 2 ? 'absent' : 'failed', words: words === '' ? `sh ended with ${ran.code}` : words }
}
