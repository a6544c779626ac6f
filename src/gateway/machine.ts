// The machine's own addresses and the proxy's port, kept current: a DHCP renewal or a new interface must close the guard for the new
// address too, without anybody asking for a reload.
import type { Machine } from '../decision/machine.ts'
import { ownAddresses } from '../kernel/addresses.ts'

/** Of the kernel's tables; a change is seen after this time at most. */
const LOOK_MS = 2_000

export function machineNow(proxyPort: number): Machine {
  return { addresses: ownAddresses(), proxyPort }
}

function key(machine: Machine): string {
  return machine.addresses.map((ip) => ip.text).join(' ')
}

/** Calls `changed` whenever the addresses differ from those told last. Returns what ends the watch. */
export function watchMachine(machine: Machine, changed: (machine: Machine) => void): () => void {
  let last = key(machine)
  const timer = setInterval(() => {
    const now = machineNow(machine.proxyPort)
    if (key(now) === last) return
    last = key(now)
    changed(now)
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
