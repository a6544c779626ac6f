// The block files of a policy beside `--port`: what closes the proxy's port by number closes the port in use.
import { join } from 'node:path'
import t from 'tap'
import { loadPolicy } from '../../src/gateway/load.ts'
import { machineNow } from '../../src/gateway/machine.ts'

t.test('a line that names the port of the proxy closes the port in use', async (t) => {
  const dir = t.testdir({
    'p.yaml': 'version: 1\nblocks:\n  lines: { file: lines }\n  narrow: { file: lines, services: proxy }\n',
    lines: '192.168.51.7:800\n192.168.51.8:3306\n192.168.51.9\n',
  })
  const closed = async (port: number): Promise<readonly string[]> => {
    const loaded = await loadPolicy(join(dir, 'p.yaml'), machineNow(port))
    if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('\n'))
    return loaded.source.blocks.map(([name, entries]) => `${name}: ${entries.map((entry) => `${entry.address.text}:${entry.port ?? ''}`).join(' ')}`)
  }
  const asWritten = ['lines: 192.168.51.7:800 192.168.51.8:3306 192.168.51.9:', 'narrow: 192.168.51.7:800 192.168.51.9:']
  t.strictSame(await closed(0), asWritten)
  t.strictSame(await closed(800), asWritten)
  t.strictSame(await closed(9000), ['lines: 192.168.51.7:800 192.168.51.7:9000 192.168.51.8:3306 192.168.51.9:', 'narrow: 192.168.51.7:800 192.168.51.7:9000 192.168.51.9:'])
})
