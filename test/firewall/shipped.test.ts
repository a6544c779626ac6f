// Every shipped policy as rules: printed by the command, loaded for real in each format, with nothing complained of.
import t from 'tap'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run, unable } from './root.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const skip = unable(['iptables-restore', 'ip6tables-restore', 'nft', 'ip', 'tc'])
/** policies of one machine have no green */
const SINGLE = new Set(['default.yaml', 'server.yaml'])
const LOAD = { iptables: ['iptables-restore', '--noflush'], ip6tables: ['ip6tables-restore', '--noflush'], nft: ['nft', '-f', '-'], script: ['sh', '-s'], tc: ['sh', '-s'] } as const
/** what the policies call their interfaces */
const CARDS = 'for each in eth0 eth1 eth2; do ip link add $each type veth peer name peer-$each; done; exec "$@"'

for (const file of readdirSync(join(ROOT, 'policies')).filter((name) => name.endsWith('.yaml'))) {
  t.test(file, { skip }, async (t) => {
    const mode = SINGLE.has(file) ? ['--mode', 'client', '--proxy', '127.0.0.1:800', '--user', '13'] : []
    for (const [format, load] of Object.entries(LOAD)) {
      const printed = run(process.execPath, [join(ROOT, 'src', 'main.ts'), 'firewall', '--policy', join(ROOT, 'policies', file), '--format', format, ...mode])
      t.equal(printed.code, 0, printed.err)
      const loaded = run('unshare', ['-n', 'sh', '-c', CARDS, 'sh', ...load], printed.out)
      t.equal(loaded.code, 0, `${format}: ${loaded.err}`)
      if (format !== 'script' && format !== 'tc') t.equal(loaded.err, '', `${format}: nothing is complained of`)
    }
  })
}
