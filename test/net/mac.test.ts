// The three spellings of a MAC are one; what is none is refused.
import t from 'tap'
import { parseMac } from '../../src/net/mac.ts'

t.test('spellings', async (t) => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['00:1A:2B:3C:4D:5E', '00:1a:2b:3c:4d:5e'], ['00-1a-2b-3c-4d-5e', '00:1a:2b:3c:4d:5e'], ['001a.2b3c.4d5e', '00:1a:2b:3c:4d:5e'], ['00:16:3e:5e:6c:01', '00:16:3e:5e:6c:01'],
    ['00:1a:2b:3c:4d', undefined], ['00:1a:2b:3c:4d:5e:6f', undefined], ['00:1a-2b:3c:4d:5e', undefined], ['0:1a:2b:3c:4d:5e', undefined], ['00:1g:2b:3c:4d:5e', undefined],
    ['001a2b3c4d5e', undefined], ['', undefined], [' 00:1a:2b:3c:4d:5e', undefined], ['00:1a:2b:3c:4d:5e\n', undefined],
  ]
  for (const [text, expected] of rows) t.equal(parseMac(text), expected, JSON.stringify(text))
})
