// Text of another's file on a terminal: it shows itself and does nothing else, in lines, under a caret and in JSON.
import t from 'tap'
import fc from 'fast-check'
import { renderDiagnostic } from '../../src/policy/diagnostic.ts'
import { masked, visible, visibleJson, visibleLines } from '../../src/policy/visible.ts'

const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u
const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)))

t.test('any text', async (t) => {
  fc.assert(fc.property(any, (text) => {
    const json = visibleJson({ text, list: [text] }, 2)
    return !RAW.test(visible(text)) && !/[\t\n]/.test(visible(text)) && !RAW.test(visibleLines(text)) && !RAW.test(masked(text)) && masked(text).length === text.length
      && !RAW.test(json) && (JSON.parse(json) as { readonly text: string }).text === text
  }), { numRuns: 800 })
  t.equal(visible('a\x1b[31m\u009b\u202e\u{e0041}ä世😀'), 'a\\x1b[31m\\x9b\\u202e\\u{e0041}ä世😀')
  t.equal(visibleLines('a\n\tb\x1b'), 'a\n\tb\\x1b')
})

t.test('a diagnostic of a hostile file', async (t) => {
  fc.assert(fc.property(any, any, any, any, fc.integer({ min: 1, max: 40 }), (file, message, hint, text, column) => {
    const shown = renderDiagnostic({ code: 'c', severity: 'error', message, hint, place: { file, line: 1, column }, excerpt: { text: text.replaceAll('\n', ' '), length: 3 } })
    return !RAW.test(shown) && shown.split('\n').length === 4
  }), { numRuns: 1000 })
  const shown = renderDiagnostic({ code: 'c', severity: 'error', message: 'unknown key `a\x1bb`', place: { file: 'p.yaml', line: 1, column: 4 }, excerpt: { text: 'a\u202e: x\x1b', length: 1 } })
  t.equal(shown, 'p.yaml:1:4: error: unknown key `a\\x1bb`\n  a?: x?\n     ^', 'the caret stands where it should')
})
