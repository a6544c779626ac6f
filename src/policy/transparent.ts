// Clients that know of no proxy: what they ask of the internet's port 80 and 443 is caught on its way and answered by the proxy
// (`gateway.proxy.transparent`). Danger prevented: a port that catches and that anybody may ask directly, or that is somebody else's.
import type { Report } from './report.ts'

/** What is caught, TCP. */
export const CAUGHT_PORTS: readonly number[] = [80, 443]

/** Where what is caught arrives: the port behind the proxy's own. Nobody may ask it directly. */
export function transparentPort(proxyPort: number): number {
  return proxyPort + 1
}

export function readTransparent(report: Report, asked: boolean | undefined, about: { readonly green: boolean; readonly port: number; readonly adminPorts: readonly number[] }): boolean {
  if (asked !== true) return false
  const at = ['gateway', 'proxy', 'transparent']
  const port = transparentPort(about.port)
  if (!about.green) report.error('transparent', at, '`transparent` catches what comes in through green, and no green is given', 'give `gateway.green`, or remove it')
  else if (port > 65535) report.error('transparent', at, `what is caught arrives at the port behind the proxy's, and there is none behind ${about.port}`, 'choose a lower `port`')
  else if (about.adminPorts.includes(port)) report.error('transparent', at, `what is caught arrives at port ${port}, which is one of the admin's`, 'choose another `port` for the proxy')
  return true
}
