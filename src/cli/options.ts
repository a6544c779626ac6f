// Values of the command line, each read by one function that says what is wrong with it. Danger prevented: `--port 80x` taken for 80.
import { InvalidArgumentError } from 'commander'
import type { Ip } from '../net/ip.ts'
import { ipFromSocket, parseIp } from '../net/ip.ts'
import { parseMac } from '../net/mac.ts'
import type { Mac } from '../net/mac.ts'
import { metricsAddress } from '../gateway/metrics-server.ts'
import type { MetricsAddress } from '../gateway/metrics-server.ts'
import { parseDuration, parseSize } from '../policy/sizes.ts'
import { usageError } from './exit.ts'
import { onePolicyFile } from '../gateway/policy-path.ts'

function whole(text: string, least: number, most: number, what: string): number {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`${what} is a number from ${least} to ${most}`)
  return value
}

export function portOption(text: string): number {
  return whole(text, 0, 65535, 'a port')
}

export function workersOption(text: string): number {
  return whole(text, 1, 256, 'the number of workers')
}

/** Milliseconds; at least a second. */
export function durationOption(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms < 1000) throw new InvalidArgumentError('write a time with its unit, like 12h or 90d')
  return ms
}

/** Octets; a file of a store needs some. */
export function sizeOption(text: string): number {
  const octets = parseSize(text)
  if (octets === undefined || octets < 1024 ** 2) throw new InvalidArgumentError('write a size with its unit, 1MiB at least: 500MiB, 4GiB')
  return octets
}

/** One of these words. */
export function wordOption<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new InvalidArgumentError(`one of ${words.join(', ')}`)
    return found
  }
}

/** A whole number from 1 on. */
export function countOption(text: string): number {
  return whole(text, 1, 999_999_999, 'a number of lines')
}

/** An address, with or without brackets, or `localhost`; given more than once, all of them. */
export function hostsOption(text: string, before: readonly string[] = []): string[] {
  if (text === 'localhost') return [...before, text]
  const ip = parseIp(/^\[(.*)\]$/.exec(text)?.[1] ?? text)
  if (ip === undefined) throw new InvalidArgumentError('write an address of this machine, like 192.168.51.254, ::1 or 0.0.0.0')
  return [...before, ip.text]
}

export function metricsOption(text: string): MetricsAddress {
  const address = metricsAddress(text)
  if ('problem' in address) throw new InvalidArgumentError(address.problem)
  return address
}

export function addressOption(text: string): Ip {
  const ip = parseIp(/^\[(.*)\]$/.exec(text)?.[1] ?? text)
  if (ip === undefined) throw new InvalidArgumentError('write an address, like 192.168.51.35')
  return ip
}

/** As a socket would tell it: `::ffff:192.168.51.35` is the client 192.168.51.35, whom the rules know. */
export function socketAddressOption(text: string): Ip {
  const ip = addressOption(text)
  return ipFromSocket(ip.text) ?? ip
}

export function addressesOption(text: string, before: readonly Ip[] = []): Ip[] {
  return [...before, ...text.split(',').map((each) => addressOption(each.trim()))]
}

export function macOption(text: string): Mac {
  const mac = parseMac(text)
  if (mac === undefined) throw new InvalidArgumentError('write a MAC, like 00:16:3e:5e:6c:01')
  return mac
}

export function methodOption(text: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(text)) throw new InvalidArgumentError('write a method, like POST')
  return text
}

/** The one policy that `--policy FILE|DIR` names; undefined: told, and the exit code set. */
export function policyOption(path: string | undefined): string | undefined {
  const found = onePolicyFile(path)
  if (found.ok) return found.file
  usageError(found.problem, found.hint)
  return undefined
}

