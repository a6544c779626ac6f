// A policy's text with rules pasted at the end of its `rules`, as an editor would do it: what is proposed is tried before it is shown. Danger
// prevented: a proposal that does not load, or that changes what a later rule of the file means.
import { isMap, isSeq, parseDocument } from 'yaml'

/** `pasted`: a list of rules as YAML. undefined: one of the two is no such thing. */
export function withRules(text: string, pasted: string): string | undefined {
  const document = parseDocument(text)
  const list = parseDocument(pasted)
  if (document.errors.length > 0 || list.errors.length > 0 || !isMap(document.contents) || !isSeq(list.contents)) return undefined
  const rules: unknown = document.get('rules', true)
  if (isSeq(rules)) rules.items.push(...list.contents.items)
  else if (rules === undefined) document.set('rules', list.contents)
  else return undefined
  return String(document)
}
