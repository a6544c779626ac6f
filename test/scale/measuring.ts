// What both the test and the measurement by hand need: decisions timed, a gateway's memory read, a reload asked for.
import { readFileSync } from 'node:fs'
import type { CompiledPolicy } from '../../src/decision/compile.ts'
import { decide } from '../../src/decision/decide.ts'
import type { RequestFacts } from '../../src/decision/facts.ts'
import { guard } from '../../src/decision/guard.ts'
import { askControl } from '../../src/gateway/control.ts'
import type { ReloadAnswer } from '../../src/gateway/control.ts'
import { parseIp } from '../../src/net/ip.ts'
import type { Ip } from '../../src/net/ip.ts'
import { parseHttpUri, canonicalUri } from '../../src/net/uri.ts'

function address(text: string): Ip {
  const ip = parseIp(text)
  if (ip === undefined) throw new Error(`${text} is no address`)
  return ip
}

const LOCAL = address('127.0.0.1')
export const MACHINE = { addresses: [LOCAL], proxyPort: 3128 }
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** Fifty clients, many sites; none that a rule names but the last. */
function requests(): readonly RequestFacts[] {
  const clients = Array.from({ length: 50 }, (_, n) => ({ address: address(`127.0.${n}.${n + 1}`), mac: undefined }))
  return Array.from({ length: 4_096 }, (_, n) => {
    const uri = parseHttpUri(`http://${n % 3 === 0 ? 'origin.test' : `www.site${n * 31}.shop.example`}/a/b${n}/page?id=${n * 7}&q=hello+world`)
    const client = clients[n % clients.length]
    if (!uri.ok || client === undefined) throw new Error('a request of the measurement is none')
    const { target, path } = uri.value
    return { client, via: LOCAL, now: Date.now(), method: 'GET', target, uri: canonicalUri(target, path), tunnel: false, userAgent: AGENT, contentType: undefined }
  })
}

/** Nanoseconds of this thread's processor time a decision, the best of some rounds. */
export function timeDecisions(compiled: CompiledPolicy, count: number, facts = requests()): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const began = process.threadCpuUsage()
    for (let n = 0; n < count; n++) {
      const each = facts[n % facts.length]
      const leave = each === undefined ? undefined : decide(compiled, each)
      if (leave?.verdict !== 'open' || guard(compiled, leave, [LOCAL]).verdict !== 'allow') throw new Error('every request of the measurement is allowed')
    }
    const { user, system } = process.threadCpuUsage(began)
    best = Math.min(best, ((user + system) * 1_000) / count)
  }
  return best
}

/** Of Linux; the tables count once, however many threads read them. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024
}

export function reload(pidFile: string): Promise<ReloadAnswer> {
  return askControl(`${pidFile}.sock`, { command: 'reload' })
}
