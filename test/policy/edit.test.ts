// Edits of a policy's rules: what is not spoken of stays to the octet, comments move with their rule, and whatever the layout, the data is what was meant.
import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { parse } from 'yaml'
import { editRules } from '../../src/policy/edit.ts'
import type { Edit } from '../../src/policy/edit.ts'

const FILE = `# the head
version: 1      # aligned

rules:                 # packets
  # first
  - name: one
    action: allow      # yes
    from: any
    # further in: of one
  - { name: two, action: deny, to: "a, b" }   # behind two

  # about three
  # in two lines
  - name: three
    remark: >
      folded
      text
    action: allow

# the tail
web:
  rules:
    - { name: w1, action: allow }
    - name: w2
      action: deny
`

function edited(edit: Edit, file = FILE): string {
  const done = editRules(file, edit)
  if (!done.ok) throw new Error(done.problem)
  return done.text
}

/** Lines that are not in both, in order. */
function difference(before: string, after: string): readonly string[] {
  const b = before.split('\n')
  const a = after.split('\n')
  return [...b.filter((line) => !a.includes(line)).map((line) => `-${line}`), ...a.filter((line) => !b.includes(line)).map((line) => `+${line}`)]
}

t.test('a rule is switched by one word, in each of the two layouts', async (t) => {
  t.same(difference(FILE, edited({ kind: 'set-enabled', rule: { section: 'rules', index: 0 }, enabled: false })), ['+    enabled: false'])
  t.same(difference(FILE, edited({ kind: 'set-enabled', rule: { section: 'rules', index: 1 }, enabled: false })), [
    '-  - { name: two, action: deny, to: "a, b" }   # behind two', '+  - { name: two, enabled: false, action: deny, to: "a, b" }   # behind two',
  ])
  t.same(difference(FILE, edited({ kind: 'set-enabled', rule: { section: 'web', index: 1 }, enabled: false })), ['+      enabled: false'])
  const off = edited({ kind: 'set-enabled', rule: { section: 'rules', index: 2 }, enabled: false })
  t.same(difference(off, edited({ kind: 'set-enabled', rule: { section: 'rules', index: 2 }, enabled: true }, off)), ['-    enabled: false', '+    enabled: true'])
})

t.test('a rule moves with the comments right above it and those further in', async (t) => {
  t.equal(edited({ kind: 'move', rule: { section: 'rules', index: 2 }, to: 0 }), FILE.replace(/ {2}# about three\n[^]*?action: allow\n\n/, '\n').replace('  # first\n', `  # about three
  # in two lines
  - name: three
    remark: >
      folded
      text
    action: allow
  # first
`))
  const down = edited({ kind: 'move', rule: { section: 'rules', index: 0 }, to: 2 })
  t.match(down, /rules: {17}# packets\n {2}- \{ name: two/)
  t.match(down, / {4}from: any\n {4}# further in: of one\n\n# the tail/)
  t.same((parse(down) as { rules: { name: string }[] }).rules.map(({ name }) => name), ['two', 'three', 'one'])
  t.match(down, / {2}# first\n {2}- name: one\n {4}action: allow {6}# yes/)
  t.same([...down].sort().join(''), [...FILE].sort().join(''), 'nothing is lost')
})

t.test('removed, copied and added', async (t) => {
  const removed = edited({ kind: 'remove', rule: { section: 'rules', index: 1 } })
  t.same(difference(FILE, removed), ['-  - { name: two, action: deny, to: "a, b" }   # behind two'])
  const copied = edited({ kind: 'copy', rule: { section: 'rules', index: 2 }, to: 3, name: 'four' })
  t.match(copied, /action: allow\n {2}- name: four\n {4}remark: >\n {6}folded\n {6}text\n {4}action: allow\n\n# the tail/)
  const added = edited({ kind: 'add', section: 'rules', to: 1, text: '{ name: new, action: allow }' })
  t.match(added, /\n {2}- \{ name: new, action: allow \}\n {2}- \{ name: two/)
  const last = edited({ kind: 'add', section: 'web', to: 2, text: '{ name: new, action: allow }' })
  t.equal(last, FILE.replace(/\n$/, '\n    - { name: new, action: allow }\n'))
})

t.test('files of other layouts: none of the rules, all on a line, at the margin, with CRLF', async (t) => {
  t.equal(edited({ kind: 'add', section: 'rules', to: 0, text: '{ action: allow }' }, 'version: 1\n'), 'version: 1\n\nrules:\n  - { action: allow }\n')
  t.equal(edited({ kind: 'add', section: 'web', to: 0, text: '{ action: allow }' }, 'version: 1\n'), 'version: 1\n\nweb:\n  rules:\n    - { action: allow }\n')
  const inside = edited({ kind: 'add', section: 'web', to: 0, text: '{ action: allow }' }, '# head\nversion: 1\nweb: { default: deny } # here\n')
  t.match(inside, /# head[^]*# here/)
  t.same(parse(inside), { version: 1, web: { default: 'deny', rules: [{ action: 'allow' }] } })
  const flow = edited({ kind: 'move', rule: { section: 'rules', index: 1 }, to: 0 }, '# keep\nrules: [{ name: a }, { name: b }]\n')
  t.same(parse(flow), { rules: [{ name: 'b' }, { name: 'a' }] })
  t.match(flow, /^# keep/)
  const margin = edited({ kind: 'move', rule: { section: 'rules', index: 1 }, to: 0 }, 'rules:\n- name: a\n  action: allow\n# of b\n- name: b\n  action: deny\n')
  t.equal(margin, 'rules:\n# of b\n- name: b\n  action: deny\n- name: a\n  action: allow\n')
  const only = edited({ kind: 'remove', rule: { section: 'rules', index: 0 } }, 'version: 1\nrules:\n  - name: a\n')
  t.same(parse(only), { version: 1, rules: [] })
  const crlf = edited({ kind: 'remove', rule: { section: 'rules', index: 0 } }, 'rules:\r\n  - name: a\r\n  - name: b\r\n')
  t.same(parse(crlf), { rules: [{ name: 'b' }] })
  const cut = edited({ kind: 'move', rule: { section: 'rules', index: 1 }, to: 0 }, 'rules:\n  - name: a\n  - name: b')
  t.same(parse(cut), { rules: [{ name: 'b' }, { name: 'a' }] })
})

t.test('whatever the edit of a shipped policy, nothing but the rule changes, and every comment stays', async () => {
  const policies = readdirSync('policies').filter((name) => name.endsWith('.yaml')).map((name) => readFileSync(`policies/${name}`, 'utf8'))
  const comments = (text: string): readonly string[] => [...text.matchAll(/(?:^|\s)#.*$/gm)].map(([found]) => found.trim()).sort()
  fc.assert(fc.property(fc.constantFrom(...policies), fc.constantFrom('rules' as const, 'web' as const), fc.nat(), fc.nat(), fc.constantFrom('move', 'set-enabled', 'add', 'copy'), (text, section, from, into, kind) => {
    const data = parse(text) as { rules?: unknown[]; web?: { rules?: unknown[] } }
    const rules = (section === 'rules' ? data.rules : data.web?.rules) ?? []
    if (rules.length === 0) return
    const rule = { section, index: from % rules.length }
    const to = into % rules.length
    const edit: Edit = kind === 'move' ? { kind, rule, to } : kind === 'set-enabled' ? { kind, rule, enabled: false } : kind === 'copy' ? { kind, rule, to, name: 'a-copy' } : { kind: 'add', section, to, text: '{ name: new, action: deny }' }
    const after = edited(edit, text)
    if (!isDeepStrictEqual(comments(text).filter((each) => !comments(after).includes(each)), [])) throw new Error('a comment is lost')
    if (Math.abs(after.split('\n').length - text.split('\n').length) > 12) throw new Error('the file was laid out anew')
  }), { numRuns: 300 })
})
