// Sockets that systemd opened for us (sd_listen_fds(3)): descriptors from 3 on, meant for the process whose number is LISTEN_PID. Danger
// prevented: descriptors taken for a socket that were meant for another process of the same environment.
const FIRST = 3

/**
 * The descriptors, and the variables removed, so that no child takes them for its own. The launcher passes them on; then LISTEN_PID is its number.
 */
export function inheritedSockets(env: NodeJS.ProcessEnv): number[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count, GREENGATE_LAUNCHER: launcher } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'GREENGATE_LAUNCHER']) delete env[name]
  const ours = pid === String(process.pid) || (pid !== undefined && pid === launcher && pid === String(process.ppid))
  if (!ours || count === undefined || !/^[1-9]\d{0,2}$/.test(count)) return []
  return Array.from({ length: Number(count) }, (_, index) => FIRST + index)
}
