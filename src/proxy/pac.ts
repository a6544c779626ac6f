// The proxy auto-configuration file. It names the address that the client asked, which is one that reaches the gateway, and the port in use.
// Danger prevented: a fallback to DIRECT, with which every browser goes round the proxy as soon as it is slow.
import type { Ip } from '../net/ip.ts'

export function pacFile(via: Ip, port: number): string {
  const host = via.family === 6 ? `[${via.text}]` : via.text
  return `function FindProxyForURL(url, host) {\n  return "PROXY ${host}:${port}";\n}\n`
}
