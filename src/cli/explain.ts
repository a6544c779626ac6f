// `greengate explain`: what the gateway would do with one request or packet, every rule that it tried, and the one that decided. It asks the
// judge of the live traffic, with addresses from the proxy's own resolver; so it cannot tell another story than what happens.
import type { Command } from 'commander'
import { parsePacketAsk, parseWebAsk } from '../decision/ask.ts'
import type { CompiledPolicy } from '../decision/compile.ts'
import { explain, needsAddresses } from '../decision/explain.ts'
import type { ExplainQuestion, Explanation } from '../decision/explain.ts'
import { nearestVia } from '../decision/nearest-via.ts'
import { loadPolicy } from '../gateway/load.ts'
import { machineNow } from '../gateway/machine.ts'
import { Neighbours } from '../kernel/neighbours.ts'
import type { Ip } from '../net/ip.ts'
import type { Mac } from '../net/mac.ts'
import { parseTime } from '../policy/schedule.ts'
import type { Simulation } from '../proof/simulate.ts'
import { Resolver } from '../proxy/resolve.ts'
import { EXIT, usageError } from './exit.ts'
import { explainedPath } from './explain-path.ts'
import { explanationText } from './explain-text.ts'
import { addressesOption, macOption, methodOption, policyOption, portOption, socketAddressOption } from './options.ts'
import { withBar } from './progress.ts'
import { tellDiagnostics } from './report.ts'
import { say, sayError, sayJson } from './say.ts'
import { pathText, verdictLine } from './simulation-text.ts'

interface ExplainOptions {
  readonly from: Ip
  readonly mac?: Mac
  readonly at?: string
  readonly via?: Ip
  readonly address?: readonly Ip[]
  readonly method?: string
  readonly userAgent?: string
  readonly contentType?: string
  readonly port?: number
  readonly policy?: string
  readonly json?: true
}

type Asked = ExplainQuestion['ask']

/** `URL`, `HOST:PORT`, `PROTO/PORT ADDRESS`; and, as a policy's tests say it, `GET URL` and `PROTO/PORT to ADDRESS`. */
function readAsk(compiled: CompiledPolicy, words: readonly string[], method: string | undefined): Asked | string {
  const [first = '', second, third] = words
  const verb = second !== undefined && /^[A-Z][A-Z-]*$/.test(first) ? first : undefined
  if (second === undefined || (verb !== undefined && third === undefined)) {
    const web = parseWebAsk(second ?? first, method ?? verb)
    return web.ok ? web.value : web.problem
  }
  const to = second === 'to' ? third : second
  if (to === undefined || words.length > (second === 'to' ? 3 : 2)) return 'ask one thing: URL, HOST:PORT, or PROTO/PORT ADDRESS'
  const packets = parsePacketAsk(compiled.policy, compiled.machine.proxyPort, first, to)
  return packets.ok ? { kind: 'packet', packets: packets.value } : packets.problem
}

/** The same look-up as the proxy's. Where there is no answer the rules can still be told, for a public address. */
async function addressesOf(compiled: CompiledPolicy, question: ExplainQuestion): Promise<readonly Ip[] | undefined> {
  if (question.ask.kind !== 'web' || question.ask.target.host.kind !== 'name' || !needsAddresses(compiled, question)) return undefined
  const { gateway, limits } = compiled.policy
  const resolver = new Resolver({ servers: gateway.resolvers, timeoutMs: limits.dnsMs })
  try {
    const answer = await resolver.resolve(question.ask.target.host.name)
    if (answer.ok) return answer.addresses
    sayError(`note: ${question.ask.target.host.name} does not resolve now (${answer.detail}), the proxy would answer ${answer.error === 'dns_timeout' ? 504 : 502}; judged as if it had a public address\n`)
    return undefined
  } finally {
    resolver.close()
  }
}

async function explainAction(words: readonly string[], options: ExplainOptions): Promise<void> {
  const file = policyOption(options.policy)
  if (file === undefined) return
  const loaded = await withBar((step) => loadPolicy(file, machineNow(options.port ?? 0), { step }))
  if (!loaded.ok) {
    tellDiagnostics(loaded.diagnostics)
    process.exitCode = EXIT.policy
    return
  }
  const { compiled } = loaded
  const now = options.at === undefined ? Date.now() : parseTime(options.at, compiled.policy.gateway.timezone)
  if (now === undefined) return usageError(`\`${options.at ?? ''}\` is no time`, 'write it like 2026-03-02 or 2026-03-02T10:30, with or without an offset')
  const ask = readAsk(compiled, words.join(' ').trim().split(/\s+/), options.method)
  if (typeof ask === 'string') return usageError(ask, '`greengate explain --help` has an example of each')
  const mac = options.mac ?? (compiled.usesMacs ? await new Neighbours().mac(options.from) : undefined)
  const question: ExplainQuestion = {
    client: { address: options.from, mac }, via: options.via ?? nearestVia(compiled, options.from), now, ask,
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
    ...(options.contentType === undefined ? {} : { contentType: options.contentType.toLowerCase() }),
  }
  const addresses = options.address ?? (await addressesOf(compiled, question))
  const whole: ExplainQuestion = addresses === undefined ? question : { ...question, addresses }
  const explanation = explain(compiled, whole)
  const path = explainedPath(compiled, loaded.source, whole)
  if (options.json === true) sayJson(path === undefined ? explanation : withPath(explanation, path), 2)
  else say(`${explanationText(compiled, whole, explanation)}${path === undefined ? '' : `\nchain path of the packet: ${verdictLine(path)}\n${pathText(path.path)}`}`)
  process.exitCode = explanation.verdict === 'allow' ? EXIT.ok : EXIT.denied
}

/** Its lines in the packet filter beside the packet's verdict. */
function withPath(explanation: Explanation, { line, path }: Simulation): unknown {
  const { planes } = explanation
  return { ...explanation, planes: { ...planes, direct: { ...planes.direct, line, path } } }
}

export function explainCommand(program: Command): void {
  program
    .command('explain')
    .argument('<what...>', 'URL, HOST:PORT (a CONNECT), or PROTO/PORT ADDRESS (a packet)')
    .description('tell what would become of a request or a packet, and by which rule')
    .requiredOption('--from <addr>', 'the client', socketAddressOption)
    .option('--mac <mac>', "the client's MAC (default: what the kernel knows of it)", macOption)
    .option('--at <time>', 'judge at this time (default: now)')
    .option('--via <addr>', "the proxy's address that the client asks (default: the nearest)", socketAddressOption)
    .option('--address <addr>', 'what the name resolves to, in place of a look-up; may be given more than once', addressesOption)
    .option('--method <m>', 'the method (default: GET, and CONNECT for HOST:PORT and https)', methodOption)
    .option('--user-agent <text>', 'the User-Agent')
    .option('--content-type <type>', 'the media type of the request')
    .option('--port <n>', "the proxy's port in use (default: gateway.proxy.port)", portOption)
    .option('--policy <file|dir>', 'the policy (default: policies/default.yaml of the package)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', `
Exit code 0: allowed; 3: denied.

Examples:
  $ greengate explain --policy office.yaml --from 192.168.51.35 http://example.com/
  $ greengate explain --policy office.yaml --from 192.168.51.35 203.0.113.5:443
  $ greengate explain --policy office.yaml --from 192.168.51.5 tcp/110 203.0.113.25`)
    .action(explainAction)
}
