// Whether this machine passes on what is not for it. Asked, never changed: forwarding is the administrator's to switch on.
import { readFileSync } from 'node:fs'

function isOn(file: string): boolean {
  try {
    return readFileSync(file, 'latin1').trim() !== '0'
  } catch {
    return false
  }
}

export function forwarding(): { readonly ipv4: boolean; readonly ipv6: boolean } {
  return { ipv4: isOn('/proc/sys/net/ipv4/ip_forward'), ipv6: isOn('/proc/sys/net/ipv6/conf/all/forwarding') }
}
