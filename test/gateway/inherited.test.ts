// Sockets from systemd are taken only by the process they are meant for.
import t from 'tap'
import { inheritedSockets } from '../../src/gateway/inherited.ts'

const cases: readonly (readonly [name: string, env: Record<string, string>, fds: readonly number[]])[] = [
  ['none', {}, []],
  ['two, for us', { LISTEN_PID: String(process.pid), LISTEN_FDS: '2' }, [3, 4]],
  ['one for another process of the same environment', { LISTEN_PID: '1', LISTEN_FDS: '1' }, []],
  ['one that our launcher passes on', { LISTEN_PID: String(process.ppid), LISTEN_FDS: '1', GREENGATE_LAUNCHER: String(process.ppid) }, [3]],
  ['one meant for a launcher that is not our parent', { LISTEN_PID: '1', LISTEN_FDS: '1', GREENGATE_LAUNCHER: '1' }, process.ppid === 1 ? [3] : []],
  ['a number that is none', { LISTEN_PID: String(process.pid), LISTEN_FDS: '1x' }, []],
  ['nought', { LISTEN_PID: String(process.pid), LISTEN_FDS: '0' }, []],
]

t.test('LISTEN_FDS', async (t) => {
  for (const [name, env, fds] of cases) {
    t.same(inheritedSockets(env), fds, name)
    t.same(env, {}, 'and no child sees them')
  }
})
