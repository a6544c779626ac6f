// Every shipped policy on real sockets, in network namespaces: what the gateway answers is what the judge and `explain` say.
import t from 'tap'
import { join } from 'node:path'
import { lacks, missingProgram } from '../programs/run.ts'
import { ROOT, projectPaths } from '../repo/tree.ts'

t.jobs = 1
const missing = process.getuid?.() === 0 ? missingProgram('unshare', 'nsenter', 'ip', 'iptables', 'ip6tables', 'mount') : 'namespaces need root'
for (const path of projectPaths().filter((path) => /^policies\/[^/]+\.yaml$/.test(path))) {
  t.test(path, { timeout: 100_000 }, async (t) => {
    if (lacks(t, missing)) return
    await t.spawn('unshare', ['--net', '--mount', process.execPath, join(import.meta.dirname, 'wire-inside.ts'), join(ROOT, path)], 'between two namespaces')
  })
}
