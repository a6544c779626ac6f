// An address of loopback where nobody answers, neither yes nor no.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from './sockets.ts'

/** A listener that is stopped, with its queue full: the kernel drops what comes then, so that nobody answers until the process, which is returned, ends. */
export async function silence(t: Test, host: string, port: number): Promise<ChildProcess> {
  const program = `require('net').createServer().listen({ port: ${port}, host: '${host}', backlog: 1 }, () => { console.log('up'); process.kill(process.pid, 'SIGSTOP') })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  for (;;) {
    const filler = connect({ host, port })
    filler.on('error', () => undefined)
    t.teardown(() => filler.destroy())
    const taken = await Promise.race([once(filler, 'connect').then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 300, false))])
    if (!taken) return child
  }
}
