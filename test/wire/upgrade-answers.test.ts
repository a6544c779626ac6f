// Rule 14 beside the rules of responses: what is no answer to a plain request is none to one that asks for a WebSocket, and what is one comes through as it
// would. Another parser (Node's) reads the body there, so every case of an answer is tried before it once more.
import t from 'tap'
import { openPolicy, startGateway } from '../proxy/gateway.ts'
import type { CaseFile, Gets, Outcome, WireCase } from './case.ts'
import { caseFiles } from './files.ts'
import { hostsFile } from './run.ts'
import { tryAll } from './stage.ts'

const RULES = new Set(['3r', '5r', '6r', '7r', '9', '10'])
const WEBSOCKET = '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** One GET, one answer, no policy of its own. */
function fits({ send, answers, policy, raw, path }: WireCase): boolean {
  if (policy !== undefined || raw === true || path === 'inside' || answers?.length !== 1 || String(answers[0]).startsWith('HTTP/1.1 101 ')) return false
  return typeof send === 'string' && /^GET \S+ HTTP\/1\.1\r\n/.test(send) && send.indexOf('\r\n\r\n') === send.length - 4
}

/** The same, but that its connections serve nobody else, which is announced. */
function ended({ origin, client, interim }: Outcome): Outcome {
  const announced = (each: Gets): Gets => ({ ...each, ...(each.lacks === undefined ? {} : { lacks: each.lacks.filter((name) => name !== 'connection') }) })
  return { origin: origin.map(({ line }) => ({ line })), client: client.map(announced), ...(interim === undefined ? {} : { interim }), end: 'closed' }
}

function upgrading({ name, ref, send, answers, answerAt, expect, either = [] }: WireCase): WireCase {
  return { name, ref, send: String(send).slice(0, -4) + WEBSOCKET, answers: answers ?? [], ...(answerAt === undefined ? {} : { answerAt }), expect: ended(expect), either: either.map(ended) }
}

const files: readonly CaseFile[] = (await caseFiles()).filter(({ rule }) => RULES.has(rule))

t.test('every answer, to a request for a WebSocket', { timeout: 110_000 }, async (t) => {
  const gateway = await startGateway(t, openPolicy(), hostsFile())
  for (const { rule, cases } of files) {
    const wires = cases.filter(fits).map(upgrading)
    const tried = await tryAll(wires.flatMap((wire) => (['whole', 'octets'] as const).map((originCut) => ({ wire, path: 'plain' as const, cut: 'whole' as const, originCut }))), { host: '127.0.0.1', port: gateway.port })
    const failed = tried.filter(({ differences }) => differences.length > 0).map(({ wire, originCut, differences }) => `${wire.name} (${originCut}): ${differences.join('; ').slice(0, 300)}`)
    t.same(failed, [], `rule ${rule}: ${wires.length} cases`)
    t.ok(wires.length > 0, `rule ${rule} has some`)
  }
})
