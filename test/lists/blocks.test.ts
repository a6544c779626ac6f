// Files of blocked clients in the layout of the iptables article.
import t from 'tap'
import { readBlocks } from '../../src/lists/blocks.ts'

t.test('entries, ports and headings', async (t) => {
  const { entries, bad } = readBlocks('\ufeff192.168.51.40\n# MSN for the second floor\n#----------\n192.168.51.41:1863\r\n\r\n  192.168.51.42  \n192.168.51.43:5190 # Peter, until May\n## games ##\n2001:db8::1\n[2001:db8::2]\n[2001:db8::3]:1863')
  t.same(bad, [])
  t.same(entries.map(({ address, port, line, remark }) => [address.text, port, line, remark]), [
    ['192.168.51.40', undefined, 1, undefined], ['192.168.51.41', 1863, 4, 'MSN for the second floor'], ['192.168.51.42', undefined, 6, 'MSN for the second floor'], ['192.168.51.43', 5190, 7, 'Peter, until May'],
    ['2001:db8::1', undefined, 9, 'games'], ['2001:db8::2', undefined, 10, 'games'], ['2001:db8::3', 1863, 11, 'games'],
  ])
})

t.test('what is not surely understood is told, not guessed', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['192.168.51.0/24', /network/], ['192.168.051.7', /not an address/], ['192.168.51', /not an address/], ['pc.office.example', /not an address/], ['192.168.51.40:0', /port/], ['192.168.51.40:65536', /port/], ['192.168.51.40:', /port/],
    ['192.168.51.40:http', /port/], ['192.168.51.40 192.168.51.41', /not an address/], ['192.168.51.40:80:90', /not an address/], ['[192.168.51.40', /not an address/], ['[2001:db8::1]x', /not an address/], ['fe80::1%eth0', /not an address/],
  ]
  for (const [text, problem] of rows) {
    const { entries, bad } = readBlocks(`10.0.0.1\n${text}\n10.0.0.2`)
    t.equal(entries.length, 2, text)
    t.equal(bad[0]?.line, 2, text)
    t.match(bad[0]?.problem, problem, text)
  }
  t.same(readBlocks(''), { entries: [], bad: [] })
})
