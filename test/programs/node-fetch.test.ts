// Node's own fetch and http.get through the gateway, by nothing but the environment (NODE_USE_ENV_PROXY=1).
import t from 'tap'
import { startGateway } from './gateway.ts'
import { run } from './run.ts'
import type { Ran } from './run.ts'
import { openSites } from './sites.ts'

const PROGRAM = `
const http = require('node:http')
const get = (url) => new Promise((resolve) => http.get(url, (response) => {
  let text = ''
  response.on('data', (chunk) => (text += chunk)).on('end', () => resolve([response.statusCode, text]))
}).on('error', (error) => resolve([0, error.code])))
const ask = async (url, options) => {
  try {
    const response = await fetch(url, options)
    return [response.status, await response.text(), response.headers.get('x-greengate-rule')]
  } catch (error) {
    return [0, String(error.cause ?? error)]
  }
}
const main = async () => {
  const [plain, secure, badPlain, badSecure] = process.argv.slice(1)
  console.log(JSON.stringify({
    plain: await ask(plain), posted: await ask(plain, { method: 'POST', body: 'x'.repeat(1 << 20) }), secure: await ask(secure),
    got: await get(plain), badPlain: await ask(badPlain), badSecure: await ask(badSecure),
  }))
}
main()
`

t.test("node's fetch", async (t) => {
  const sites = await openSites(t, (request, response) => {
    let octets = 0
    request.on('data', (chunk: Buffer) => (octets += chunk.length))
    request.on('end', () => response.end(`${request.method} ${octets}`))
  })
  const gateway = await startGateway(t, sites.policy())
  const ran: Ran = await run(process.execPath, ['-e', PROGRAM, sites.http('www'), sites.https('www'), sites.http('bad'), sites.https('bad')], {
    env: { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: gateway.url, HTTPS_PROXY: gateway.url, NO_PROXY: '', NODE_EXTRA_CA_CERTS: sites.authority },
  })
  t.equal(ran.code, 0, ran.stderr)
  const said = JSON.parse(ran.stdout) as Record<string, readonly unknown[]>
  t.same(said['plain']?.slice(0, 2), [200, 'GET 0'], 'http')
  t.same(said['posted']?.slice(0, 2), [200, `POST ${1 << 20}`], 'a body')
  t.same(said['secure']?.slice(0, 2), [200, 'GET 0'], 'https')
  t.same(said['got'], [200, 'GET 0'], 'http.get')
  t.same([said['badPlain']?.[0], said['badPlain']?.[2]], [403, 'refused-site'], 'refused, and told by which rule')
  t.equal(said['badSecure']?.[0], 0, 'a refused tunnel is an error')
  const records = await gateway.records((all) => all.length >= 6)
  t.equal(records.filter((one) => one.verdict === 'allow').length >= 4, true, 'all of it went through the gateway')
  t.equal(records.filter((one) => one.rule === 'refused-site').length, 2)
})
