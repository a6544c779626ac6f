// D3: what runs inside tunnels, by the names of whom it hurt; all forms of hellos are under rule 21. What TLS hides nobody sees from here: a front within it
// is told by no octet (microsandbox#709), and nothing pretends otherwise.
import { ech, helloFor, message, record, records, serverName } from '../../tls/hello.ts'
import type { CaseFile, Outcome, Step, WireCase } from '../case.ts'

const NAME = '{fixname}'
const text = (bytes: Buffer): string => bytes.toString('latin1')
const HELLO = text(helloFor(NAME))
const HEAD = 'CONNECT {fixname}:{port} HTTP/1.1\r\nHost: {fixname}:{port}\r\n\r\n'
const OPENED = { to: 'CONNECT', status: 200 } as const
const CLOSED: Outcome = { origin: [], raw: '', client: [OPENED], tunnel: '', end: 'closed' }
const passes = (up: string): Outcome => ({ origin: [], raw: up, client: [OPENED], tunnel: 'down', end: 'open' })
const LIMITS = 'limits: { head: 500ms, new-per-second: 100000, new-per-second-per-client: 100000 }\n'
const policy = (ech: string): NonNullable<WireCase['policy']> => ({ web: `  tunnels: { require-tls: true, server-name: match, ech: ${ech} }\n`, top: LIMITS })

function tunnel(name: string, ref: string, sent: readonly Step[], expect: Outcome, told: Readonly<Record<string, unknown>>, ech = 'allow'): WireCase {
  return { name, ref, ours: true, raw: true, policy: policy(ech), send: [HEAD, { until: '\r\n\r\n' }, ...sent], expect, records: [told], ...(expect.end === 'open' ? { answers: [[{ until: expect.raw ?? '' }, 'down']] } : {}) }
}

const PIPELOCK = 'pipelock: match, mismatch, not_tls, no_extension, malformed, timeout'
const deny = (error: string): Readonly<Record<string, unknown>> => ({ verdict: 'deny', rule: 'server-name', error, fault: 'policy' })

export const file: CaseFile = {
  rule: 'D3',
  title: 'TLS in tunnels, by the names of whom it hurt',
  cases: [
    tunnel('match: its own name', PIPELOCK, [HELLO], passes(HELLO), { verdict: 'allow', status: 200, error: undefined, ech: false }),
    tunnel('mismatch', PIPELOCK, [text(helloFor('evil.test'))], CLOSED, { ...deny('server_name_mismatch'), serverName: 'evil.test' }),
    tunnel('no extension', PIPELOCK, [text(helloFor())], CLOSED, deny('server_name_missing')),
    tunnel('malformed', PIPELOCK, [text(records(message({ extensions: [serverName(NAME)], session: 40 })))], CLOSED, deny('client_hello_malformed')),
    tunnel('timeout: a slow hello', PIPELOCK, [...HELLO.slice(0, 9)].flatMap((octet): Step[] => [octet, { pause: 120 }]), CLOSED, deny('client_hello_timeout')),
    tunnel('no TLS at all: SSH over 443', 'gh-aw docs/egress-filtering.md', ['SSH-2.0-OpenSSH_9.2\r\n'], CLOSED, deny('not_tls')),
    tunnel('no TLS at all: a proxy within the proxy', 'gh-aw docs/egress-filtering.md', ['CONNECT evil.test:443 HTTP/1.1\r\n\r\n'], CLOSED, deny('not_tls')),
    tunnel('a number for a name', 'RFC 6066 3', [text(helloFor('127.0.0.1'))], CLOSED, { ...deny('server_name_numeric'), serverName: '127.0.0.1' }),
    tunnel('two names', 'RFC 6066 3', [text(helloFor(NAME, 'evil.test'))], CLOSED, deny('server_name_doubled')),
    tunnel('a hello in two records', 'RFC 8446 5.1', [text(records(message({ extensions: [serverName('evil.test')] }), 60))], CLOSED, { ...deny('server_name_mismatch'), serverName: 'evil.test' }),
    tunnel('a hello in two segments', 'RFC 8446 5.1', [HELLO.slice(0, 40), { pause: 60 }, HELLO.slice(40)], passes(HELLO), { verdict: 'allow', error: undefined }),
    tunnel('a hello above 16 KiB', 'wire rule D3', ['\x16\x03\x01\x40\0\x01\0\x40\x01', { repeat: '\0', times: 17_000 }], CLOSED, deny('client_hello_too_large')),
    tunnel('ECH whose outer name is another\'s', 'net4people/bbs#393 (cloudflare-ech.com)', [text(records(message({ extensions: [ech(), serverName('cloudflare-ech.com')] })))], CLOSED, { ...deny('server_name_mismatch'), ech: true, serverName: 'cloudflare-ech.com' }),
    tunnel('ECH, or GREASE that looks like it, passes by itself', 'net4people/bbs#393', [text(records(message({ extensions: [ech(), serverName(NAME)] })))], passes(text(records(message({ extensions: [ech(), serverName(NAME)] })))), { verdict: 'allow', ech: true }),
    tunnel('and not where the policy says so', 'net4people/bbs#393', [text(records(message({ extensions: [ech(), serverName(NAME)] })))], CLOSED, { ...deny('ech_denied'), ech: true }, 'deny'),
    tunnel('no ECH where the policy denies it', 'net4people/bbs#393', [HELLO], passes(HELLO), { verdict: 'allow', ech: false }, 'deny'),
    tunnel('a front within TLS is octets', 'microsandbox#709; page:agentpatterns.ai', [HELLO + text(record(Buffer.from('GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n'), 23))], passes(HELLO + text(record(Buffer.from('GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n'), 23))), { verdict: 'allow' }),
    // no certificate is ever made here, so none is ever checked less: what TLS says goes through as it came
    tunnel('nothing within TLS is opened or answered here', 'e2guardian#402', [HELLO + text(record(Buffer.from([2, 40]), 21))], passes(HELLO + text(record(Buffer.from([2, 40]), 21))), { verdict: 'allow' }),
  ],
}
