// Debian's Chromium through the gateway: it shows a page of one site, with what the page asks for, and the refusal of another.
import t from 'tap'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from './gateway.ts'
import { lacks, missingProgram, run } from './run.ts'
import { openSites } from './sites.ts'

t.test('chromium', { timeout: 110_000 }, async (t) => {
  if (lacks(t, missingProgram('chromium'))) return
  const seen: string[] = []
  const sites = await openSites(t, (request, response) => {
    seen.push(`${request.headers.host?.split(':')[0]}${request.url}`)
    if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript')
      response.end('document.getElementById("said").textContent = "the script ran"')
      return
    }
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<!doctype html><title>local site</title><h1>a local site</h1><p id="said">no script</p><script src="/page.js"></script>')
  })
  const gateway = await startGateway(t, sites.policy())
  const profile = mkdtempSync(join(tmpdir(), 'greengate-chromium-'))
  t.teardown(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))

  const shown = async (url: string): Promise<string> => {
    const ran = await run('chromium', [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--disable-dev-shm-usage', '--disable-default-apps', '--disable-extensions', '--no-default-browser-check', '--ignore-certificate-errors',
      `--user-data-dir=${profile}`, `--proxy-server=${gateway.url}`,
      // chromium goes round a proxy for loopback unless told otherwise
      '--proxy-bypass-list=<-loopback>', '--virtual-time-budget=10000', '--dump-dom', url,
    ], { env: { HOME: profile }, timeoutMs: 45_000 })
    t.equal(ran.code, 0, `chromium ended well ${ran.code === 0 ? '' : ran.stderr.slice(-2000)}`)
    return ran.stdout
  }

  t.test('shows a page over http and over https', async (t) => {
    for (const url of [sites.http('www'), sites.https('www')]) {
      const dom = await shown(`${url}/`)
      t.match(dom, 'a local site', url)
      t.match(dom, 'the script ran', 'with what the page asks for')
    }
    t.ok(seen.includes('www.site.test/page.js'))
    const records = await gateway.records((all) => all.some((one) => one.method === 'CONNECT' && one.verdict === 'allow'))
    t.ok(records.some((one) => one.method === 'GET' && one.rule === 'local-sites'), 'the page went through the gateway')
    t.ok(records.some((one) => one.method === 'CONNECT' && one.rule === 'local-sites'), 'so did the tunnel')
  })

  t.test('shows the refusal of another', async (t) => {
    const plain = await shown(`${sites.http('bad')}/`)
    t.match(plain, 'refused-site', 'which rule')
    t.match(plain, 'this site is refused in the test', 'and why')
    const secure = await shown(`${sites.https('bad')}/`)
    t.notMatch(secure, 'a local site', 'a refused tunnel shows nothing of the site')
    t.notOk(seen.some((one) => one.startsWith('bad.')), 'the site never heard of it')
  })
})
