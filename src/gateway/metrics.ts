// The figures as Prometheus reads them. Danger prevented: a label that a client chooses, and a series for each: labels are the policy's own names.
import { Counter, Gauge, Registry } from 'prom-client'
import type { Figures } from './stats.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [value: number, labels?: Labels]

interface Family {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  readonly labels?: readonly string[]
  readonly samples: (f: Figures) => readonly Sample[]
}

const FAMILIES: readonly Family[] = [
  { name: 'info', kind: 'gauge', help: 'The release and the policy in force; always 1', labels: ['version', 'policy', 'mode', 'hash'], samples: (f) => [[1, { version: f.version, policy: f.policy.name, mode: f.policy.mode, hash: f.policy.hash }]] },
  { name: 'ready', kind: 'gauge', help: '1 while requests are taken', samples: (f) => [[f.state === 'ready' ? 1 : 0]] },
  { name: 'generation', kind: 'gauge', help: 'Generation of the policy in force', samples: (f) => [[f.policy.generation]] },
  { name: 'start_time_seconds', kind: 'gauge', help: 'When the gateway began, in seconds of the epoch', samples: (f) => [[f.startedAt / 1000]] },
  { name: 'uptime_seconds', kind: 'gauge', help: 'For how long the gateway runs', samples: (f) => [[f.uptimeS]] },
  { name: 'workers', kind: 'gauge', help: 'Worker threads that serve', samples: (f) => [[f.workers.running]] },
  { name: 'workers_lost_total', kind: 'counter', help: 'Worker threads that ended and were replaced', samples: (f) => [[f.workers.lost]] },
  { name: 'requests_total', kind: 'counter', help: 'Requests that are over, by verdict and by what decided', labels: ['verdict', 'rule'], samples: (f) => f.requests.map(({ verdict, rule, count }) => [count, { verdict, rule }]) },
  { name: 'observed_total', kind: 'counter', help: 'Requests that a rule in observe mode would have decided otherwise', labels: ['rule'], samples: (f) => f.observed.map(({ rule, count }) => [count, { rule }]) },
  { name: 'request_errors_total', kind: 'counter', help: 'Requests refused or failed, by whose fault and which', labels: ['fault', 'error'], samples: (f) => f.errors.map(({ fault, error, count }) => [count, { fault, error }]) },
  { name: 'limits_hit_total', kind: 'counter', help: 'Requests refused by a limit', labels: ['limit'], samples: (f) => f.limits.map(({ limit, count }) => [count, { limit }]) },
  { name: 'bytes_total', kind: 'counter', help: 'Octets of requests that are over: in from clients, out to them', labels: ['direction'], samples: (f) => [[f.bytes.in, { direction: 'in' }], [f.bytes.out, { direction: 'out' }]] },
  { name: 'connections', kind: 'gauge', help: 'Connections of clients that are served', samples: (f) => [[f.connections.open]] },
  { name: 'connections_waiting', kind: 'gauge', help: 'Connections accepted that wait for room', samples: (f) => [[f.connections.waiting]] },
  { name: 'tunnels', kind: 'gauge', help: 'Tunnels and upgraded connections that are open', samples: (f) => [[f.tunnels]] },
  { name: 'pool_idle', kind: 'gauge', help: 'Idle connections to upstreams', samples: (f) => [[f.pool.idle]] },
  { name: 'upstream_connections_total', kind: 'counter', help: 'Requests by how they reached the upstream', labels: ['how'], samples: (f) => [[f.pool.dialled, { how: 'dialled' }], [f.pool.reused, { how: 'reused' }]] },
  { name: 'dns_lookups_total', kind: 'counter', help: 'Names that requests wanted resolved', labels: ['result'], samples: (f) => (['cached', 'resolved', 'timeout', 'error'] as const).map((result) => [f.dns[result], { result }]) },
  { name: 'dns_asking', kind: 'gauge', help: 'Names being asked', samples: (f) => [[f.dns.asking]] },
  { name: 'dns_waiting', kind: 'gauge', help: 'Names that wait to be asked', samples: (f) => [[f.dns.waiting]] },
  { name: 'dns_known', kind: 'gauge', help: 'Answers kept', samples: (f) => [[f.dns.known]] },
  { name: 'log_queue_characters', kind: 'gauge', help: 'Log lines on their way, in characters', samples: (f) => [[f.log.queued]] },
  { name: 'log_lost_total', kind: 'counter', help: 'Requests that the log could not keep up with', samples: (f) => [[f.log.lost]] },
  { name: 'store_up', kind: 'gauge', help: '1 while the store can be written', samples: (f) => (f.store === undefined ? [] : [[f.store.open ? 1 : 0]]) },
  { name: 'store_queue_characters', kind: 'gauge', help: 'Lines on their way to the store, in characters', samples: (f) => (f.store === undefined ? [] : [[f.store.queued]]) },
  { name: 'store_lost_total', kind: 'counter', help: 'Requests that the store does not have', samples: (f) => (f.store === undefined ? [] : [[f.store.lost]]) },
  { name: 'reloads_total', kind: 'counter', help: 'Policies that were taken, and that were not', labels: ['result'], samples: (f) => [[f.reloads.loaded, { result: 'loaded' }], [f.reloads.refused, { result: 'refused' }]] },
  { name: 'last_reload_success', kind: 'gauge', help: '1 where the last reload was taken, or none was asked for', samples: (f) => [[f.reloads.last?.ok === false ? 0 : 1]] },
  { name: 'last_reload_timestamp_seconds', kind: 'gauge', help: 'When the last reload ended', samples: (f) => (f.reloads.last === undefined ? [] : [[f.reloads.last.at / 1000]]) },
  { name: 'list_entries', kind: 'gauge', help: 'Entries of a list', labels: ['list'], samples: (f) => f.lists.map(({ list, entries }) => [entries, { list }]) },
  { name: 'list_hits_total', kind: 'counter', help: 'Requests that a rule decided because the list has them', labels: ['list'], samples: (f) => f.lists.map(({ list, hits }) => [hits, { list }]) },
]

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** Made anew for each scrape: what is shown is what was counted, and a list that is gone is gone. */
export async function metricsText(now: Figures): Promise<string> {
  const registry = new Registry()
  for (const { name, help, kind, labels, samples } of FAMILIES) {
    const all = samples(now)
    // without labels the library would show 0 for what is not known
    if (all.length === 0 && labels === undefined) continue
    const settings = { name: `greengate_${name}`, help, labelNames: [...(labels ?? [])], registers: [registry] }
    if (kind === 'gauge') {
      const gauge = new Gauge(settings)
      for (const [value, of] of all) gauge.set({ ...of }, value)
    } else {
      const counter = new Counter(settings)
      for (const [value, of] of all) counter.inc({ ...of }, value)
    }
  }
  return registry.metrics()
}
