// Where a client finds the proxy, for what is printed to clients: as said, else the port of the gateway that runs, else the policy's. Danger prevented: settings handed out for a
// port that nobody listens on.
import { InvalidArgumentError } from 'commander'
import { findGateway } from '../gateway/plane-proxy.ts'
import type { Ip } from '../net/ip.ts'
import { ipFromValue, parseIp } from '../net/ip.ts'
import type { Policy } from '../policy/policy.ts'
import { loadedOf } from './compiled.ts'

export interface ProxyAddress {
  readonly ip: Ip
  readonly port: number
}

export interface ProxyAddressOptions {
  readonly proxy?: ProxyAddress
  readonly policy?: string
  readonly pidFile?: string
}

export const PROXY_OPTION = ['--proxy <addr:port>', 'where the clients find the proxy (default: the port of the gateway that serves the policy, else the policy\'s)'] as const

export function proxyOption(text: string): ProxyAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const ip = parseIp((match?.[1] ?? match?.[2] ?? '').replace(/^localhost$/, '127.0.0.1'))
  const port = Number(match?.[3])
  if (ip === undefined || !(port >= 1 && port <= 65535)) throw new InvalidArgumentError('write an address and a port, like 192.168.51.254:800')
  return { ip, port }
}

const LOOPBACK = ipFromValue(4, 0x7f000001n)

function greenAddress({ gateway }: Policy): Ip | undefined {
  const green = gateway.green.find(({ family }) => family === 4) ?? gateway.green[0]
  return green === undefined ? undefined : ipFromValue(green.family, green.address)
}

/** `for`: this machine's own programs, or the clients of green. undefined: told, and the exit code set. */
export async function proxyAddress(options: ProxyAddressOptions, whom: 'machine' | 'clients'): Promise<ProxyAddress | undefined> {
  if (options.proxy !== undefined) return options.proxy
  const loaded = await loadedOf(options)
  if (loaded === undefined) return undefined
  const { policy } = loaded.source
  const found = await findGateway(policy.file, options.pidFile)
  const port = found.kind === 'same' ? found.gateway.status.port : policy.gateway.proxy.port
  return { ip: whom === 'clients' ? greenAddress(policy) ?? LOOPBACK : LOOPBACK, port }
}
