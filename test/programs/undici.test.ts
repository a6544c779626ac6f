// undici's ProxyAgent through the gateway: pipelined and kept alive as a library does it, tunnels for https, refusals with their fields.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { ProxyAgent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { startGateway } from './gateway.ts'
import { openSites } from './sites.ts'

t.test('undici as a client of the proxy', async (t) => {
  const sites = await openSites(t, (request, response) => {
    let octets = 0
    request.on('data', (chunk: Buffer) => (octets += chunk.length))
    request.on('end', () => response.end(`${request.method} ${request.headers.host} ${octets}`))
  })
  const gateway = await startGateway(t, sites.policy())
  const agent = new ProxyAgent({ uri: gateway.url, proxyTunnel: false, requestTls: { ca: readFileSync(sites.authority) } })
  t.teardown(() => agent.close())
  const ask = async (url: string, options: Partial<Dispatcher.RequestOptions> = {}): Promise<readonly [number, string]> => {
    const answer = await request(url, { dispatcher: agent, ...(options.method === undefined ? {} : { method: options.method }), ...(options.body === undefined ? {} : { body: options.body }) })
    return [answer.statusCode, await answer.body.text()]
  }
  const host = (url: string): string => new URL(url).host
  t.same(await ask(sites.http('www')), [200, `GET ${host(sites.http('www'))} 0`], 'http, in absolute-form')
  t.same(await ask(sites.https('www')), [200, `GET ${host(sites.https('www'))} 0`], 'https, in a tunnel')
  t.same(await ask(sites.http('www'), { method: 'PUT', body: 'x'.repeat(1 << 20) }), [200, `PUT ${host(sites.http('www'))} ${1 << 20}`], 'a body')
  const many = await Promise.all(Array.from({ length: 50 }, () => ask(sites.http('www'))))
  t.ok(many.every(([status]) => status === 200), 'fifty at once')
  const refused = await request(sites.http('bad'), { dispatcher: agent })
  t.equal(refused.statusCode, 403)
  t.equal(refused.headers['x-greengate-rule'], 'refused-site')
  await refused.body.dump()
  await t.rejects(ask(sites.https('bad')), /403|Proxy response/, 'a refused tunnel is an error')
  // the tunnel is still open, and told when it is over
  const records = await gateway.records((all) => all.length >= 54)
  t.equal(records.filter((one) => one.verdict === 'allow' && one.method !== 'CONNECT').length, 52, 'all of it went through the gateway')
})
