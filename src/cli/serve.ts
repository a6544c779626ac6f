// `greengate serve`: the gateway in the foreground, until a signal ends it.
import { availableParallelism } from 'node:os'
import { Option } from 'commander'
import type { Command } from 'commander'
import { runGateway } from '../gateway/run.ts'
import { EXIT, usageError } from './exit.ts'
import { CLIENT_WORDS, QUERY_WORDS } from '../log/privacy.ts'
import type { Privacy } from '../log/privacy.ts'
import { durationOption, hostsOption, metricsOption, policyOption, portOption, sizeOption, wordOption, workersOption } from './options.ts'
import type { MetricsAddress } from '../gateway/metrics-server.ts'
import { withBar } from './progress.ts'
import { versionText } from './version.ts'

interface ServeOptions {
  readonly policy?: string
  readonly host?: readonly string[]
  readonly port?: number
  readonly workers: number
  readonly eventLog: string
  readonly accessLog?: string
  readonly pidFile?: string
  readonly metrics?: MetricsAddress
  readonly store?: string
  readonly storeKeep: number
  readonly storeKeepHours: number
  readonly storeSize: number
  readonly logQuery: Privacy['query']
  readonly logClient: Privacy['client']
}

const MOST_WORKERS = 4
const DAY_MS = 86_400_000

const OF_STORE = ['storeKeep', 'storeKeepHours', 'storeSize'] as const

async function serve(options: ServeOptions, command: Command): Promise<void> {
  const idle = options.store === undefined ? OF_STORE.find((name) => command.getOptionValueSource(name) === 'cli') : undefined
  if (idle !== undefined) return usageError(`\`--${idle.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}\` is of the store, and without \`--store FILE\` nothing is kept`)
  const file = policyOption(options.policy)
  if (file === undefined) return
  const end = await runGateway({
    file, hosts: options.host ?? [], port: options.port, workers: options.workers, eventLog: options.eventLog,
    accessLog: options.accessLog, pidFile: options.pidFile, metrics: options.metrics, version: versionText(), watching: withBar, store: options.store,
    keep: { recordsMs: options.storeKeep, sumsMs: options.storeKeepHours, mostBytes: options.storeSize }, privacy: { query: options.logQuery, client: options.logClient },
  })
  process.exitCode = end.kind === 'ended' ? end.code : end.kind === 'policy' ? EXIT.policy : EXIT.failure
}

export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the proxy')
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--host <addr>', 'listen here instead of the green addresses and loopback; may be given more than once', hostsOption)
    .option('--port <n>', 'listen on this port instead of gateway.proxy.port; 0: one that is free', portOption)
    .option('--workers <n>', 'worker threads', workersOption, Math.min(availableParallelism(), MOST_WORKERS))
    .option('--event-log <file|-|none>', 'where each request and event is told, as a JSON line; -: standard output, readable on a terminal; none: nowhere', '-')
    .option('--access-log <file>', 'the access log in the native format of Squid')
    .option('--store <file>', 'keep what `greengate log`, `report` and `top` read in this file (SQLite)')
    .addOption(new Option('--store-keep <time>', 'how long each request is kept there').argParser(durationOption).default(DAY_MS * 30, '30d'))
    .addOption(new Option('--store-keep-hours <time>', 'how long their sums by the hour are').argParser(durationOption).default(DAY_MS * 400, '400d'))
    .addOption(new Option('--store-size <size>', 'how large it may grow: the oldest goes first').argParser(sizeOption).default(4 * 1024 ** 3, '4GiB'))
    .option('--log-query <keep|strip>', 'whether queries stand in the logs and the store', wordOption(QUERY_WORDS), 'keep')
    .option('--log-client <full|masked|hashed>', 'whether clients stand there by their address, their network (/24, /48) or a pseudonym', wordOption(CLIENT_WORDS), 'full')
    .option('--pid-file <file>', 'the PID file; the control socket of `greengate reload` stands beside it (default: greengate.pid in /run/greengate, else $XDG_RUNTIME_DIR/greengate, else greengate-UID of the temporary folder)')
    .option('--metrics <addr:port>', 'serve /metrics for Prometheus and /ready for a load balancer there; local addresses alone', metricsOption)
    .addHelpText('after', `
Signals:
  SIGHUP            load the policy anew; what fails keeps the old one
  SIGUSR2           open the log files anew
  SIGTERM, SIGINT   take no new connections and let what is under way end (limits.drain); a second one, more than a second later,
                    ends at once

Example:
  $ greengate serve --policy office.yaml --access-log /var/log/greengate/access.log
  $ greengate serve --store /var/lib/greengate/store.db --store-keep 90d --log-query strip
  $ greengate serve --host 127.0.0.1 --port 8080 --event-log events.json`)
    .action(serve)
}
