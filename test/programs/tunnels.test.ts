// The hunt for confederates on what real tunnelling programs leave behind: httptunnel, proxytunnel, corkscrew and openvpn run through a real gateway, beside
// a Chromium that reads pages, with what such a page loads, polls and posts. The tunnels are suspects, the sites are not.
import t from 'tap'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run as greengate } from '../gateway/process.ts'
import { connects, freePort, startGateway } from './gateway.ts'
import { lacks, missingProgram, run } from './run.ts'
import { openSites } from './sites.ts'

const SECONDS = 24

interface Told {
  readonly suspects: readonly { readonly host: string; readonly score: number; readonly reasons: readonly { readonly text: string }[]; readonly uris: readonly string[]; readonly fullUris: string; readonly kept?: { readonly probes?: readonly { readonly base: { readonly answer: string } }[] } }[]
}

t.test('the tunnels of real programs are suspects, and pages are not', { timeout: 115_000 }, async (t) => {
  if (lacks(t, missingProgram('htc', 'hts', 'proxytunnel', 'corkscrew', 'openvpn', 'curl', 'chromium'))) return
  const folder = mkdtempSync(join(tmpdir(), 'greengate-tunnels-'))
  const children: ChildProcess[] = []
  t.teardown(async () => {
    for (const child of children) child.kill('SIGKILL')
    await sleep(200)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.on('error', () => {})
    child.stdin.on('error', () => {})
    children.push(child)
    return child
  }
  const sites = await openSites(t, (request, response) => {
    const [path = '', step = ''] = (request.url ?? '').split('?')
    const next = Number(step) + 1
    if (path === '/tour' && next < 40) {
      // a page like many: pictures of another site, a script that asks again and again, a form that is sent, and a link that is followed
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><title>page ${next}</title><h1>page ${next}</h1>${[1, 2, 3].map((at) => `<img src="${imgs}/pic${next}-${at}.png">`).join('')}<script>
setInterval(() => fetch('/live?' + Math.random()), 700)
${next % 4 === 0 ? "fetch('/form', { method: 'POST', body: 'a=' + 'x'.repeat(300) })" : ''}
setTimeout(() => location.href = '${next % 2 === 0 ? 'PLAIN' : 'SECURE'}/tour?${next}', ${900 + (next % 5) * 400})</script>`.replace('PLAIN', plain).replace('SECURE', secure))
      return
    }
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><title>a site</title><h1>a local site</h1><p>${request.url ?? ''} ${'words '.repeat(200)}</p>`)
  })
  const [plain, secure, imgs] = [sites.http('www'), sites.https('news'), sites.http('img')]
  // what a line carries: it answers twice what it gets
  const far = net.createServer((socket) => socket.on('error', () => {}).on('data', (chunk: Buffer) => socket.write(Buffer.concat([chunk, chunk]))))
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve))
  t.teardown(() => far.close())
  const farPort = (far.address() as AddressInfo).port
  const [httpsPort, hts, vpn] = [Number(new URL(sites.https('www')).port), await freePort(), await freePort()]
  const policy = sites.policy(['{ name: tunnels, action: allow, host: .tun.site.test, resolves-to: 127.0.0.1, tunnels: { require-tls: false, server-name: any } }', '{ name: numbers, action: allow, host: numeric, resolves-to: 127.0.0.1, tunnels: { require-tls: false, server-name: any } }'])
    .replace(/connect-ports: .*/, `connect-ports: [443, ${httpsPort}, ${farPort}, ${vpn}]`)
  const gateway = await startGateway(t, policy)

  const talk = async (port: number): Promise<void> => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {}).on('data', () => {})
    for (let at = 0; at < SECONDS * 2; at++) {
      socket.write(Buffer.alloc(1024, at))
      await sleep(500)
    }
    socket.destroy()
  }
  const [htcPort, ptPort] = [await freePort(), await freePort()]
  start('hts', ['-w', '-F', `127.0.0.1:${farPort}`, String(hts)])
  await sleep(1_500)
  start('htc', ['-w', '-F', String(htcPort), '-P', `127.0.0.1:${gateway.port}`, `htun.tun.site.test:${hts}`])
  start('proxytunnel', ['-p', `127.0.0.1:${gateway.port}`, '-d', `127.0.0.1:${farPort}`, '-a', String(ptPort)])
  const cork = start('corkscrew', ['127.0.0.1', String(gateway.port), 'cork.tun.site.test', String(farPort)])
  t.equal((await run('openvpn', ['--genkey', 'secret', join(folder, 'key')])).code, 0)
  const shared = ['--dev', 'null', '--secret', join(folder, 'key'), '--cipher', 'AES-256-CBC', '--ping', '1', '--verb', '0']
  start('openvpn', ['--proto', 'tcp-server', '--local', '127.0.0.1', '--port', String(vpn), ...shared])
  await sleep(800)
  const vpnClient = start('openvpn', ['--proto', 'tcp-client', '--remote', 'vpn.tun.site.test', String(vpn), '--http-proxy', '127.0.0.1', String(gateway.port), ...shared])
  for (const port of [htcPort, ptPort]) for (let at = 0; at < 50 && !(await connects('127.0.0.1', port, 500)); at++) await sleep(100)

  // a browser's own words, and what it asks for by itself
  start('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage', '--disable-component-update', '--no-default-browser-check', '--ignore-certificate-errors', `--user-data-dir=${join(folder, 'profile')}`,
    `--proxy-server=${gateway.url}`, '--proxy-bypass-list=<-loopback>', '--remote-debugging-port=0', `${plain}/tour?0`])
  const browse = async (): Promise<void> => {
    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    for (let at = 0; at < 12; at++) {
      for (const url of [`${sites.http('www')}/page${at % 5}`, `${sites.http('img')}/pic${at}.png`, `${sites.https('news')}/story${at}`]) await run('curl', ['-s', '-o', '/dev/null', '-A', agent, '--cacert', sites.authority, '-x', gateway.url, url])
      if (at % 3 === 0) await run('curl', ['-s', '-o', '/dev/null', '-A', agent, '-d', 'a=form', '-x', gateway.url, `${sites.http('www')}/form`])
      await sleep(300 + (at % 4) * 700)
    }
  }
  const corking = (async () => {
    for (let at = 0; at < SECONDS * 2; at++) {
      cork.stdin?.write(Buffer.alloc(1024, at))
      cork.stdout?.resume()
      await sleep(500)
    }
  })()
  await Promise.all([talk(htcPort), talk(ptPort), corking, browse()])
  for (const child of [cork, vpnClient, ...children]) child.kill('SIGTERM')
  const has = (all: readonly { readonly [field: string]: unknown }[], host: string): boolean => all.some((one) => one['host'] === host)
  const records = await gateway.records((all) => ['htun.tun.site.test', 'cork.tun.site.test', 'vpn.tun.site.test', '127.0.0.1'].every((host) => has(all, host)))
  const log = join(folder, 'events.jsonl')
  writeFileSync(log, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  const state = join(folder, 'suspects.json')
  const ask = async (...args: readonly string[]): Promise<Told> => {
    const ran = await greengate(['suspects', '--log', log, '--state', state, '--json', ...args])
    t.equal(ran.code, 0, ran.stderr)
    return JSON.parse(ran.stdout) as Told
  }
  const told = await ask()
  t.same(told.suspects.map(({ host }) => host).sort(), ['127.0.0.1', 'cork.tun.site.test', 'htun.tun.site.test', 'vpn.tun.site.test'], `the tunnels and only them: ${JSON.stringify(told.suspects)}`)
  t.ok(has(records, 'www.site.test') && has(records, 'news.site.test'), 'there was browsing beside')
  const chromes = records.filter((one) => String(one['userAgent']).includes('Chrome/'))
  t.ok(chromes.some((one) => one['method'] === 'CONNECT') && chromes.filter((one) => one['method'] === 'GET').length > 10, `Chromium browsed too: ${chromes.length} requests`)
  const of = (host: string) => told.suspects.find((each) => each.host === host)
  t.ok(of('htun.tun.site.test')?.uris[0]?.startsWith('http://htun.tun.site.test:'), 'full URIs of plain requests')
  t.equal(of('vpn.tun.site.test')?.fullUris, 'none: tunnels')

  // nothing private is probed, however it is asked for
  const closed = await greengate(['suspects', '--log', log, '--state', state, '--probe'])
  t.match(closed.stderr, 'is not probed')
  writeFileSync(join(folder, 'lab.yaml'), policy)
  const looked = await ask('--probe', '--policy', join(folder, 'lab.yaml'))
  t.match(looked.suspects.find(({ host }) => host === 'vpn.tun.site.test')?.kept?.probes?.at(-1)?.base.answer, /nothing|garbage|error/)
  t.equal((await greengate(['suspects', 'mark', '127.0.0.1', 'confirmed', '--note', 'no page', '--state', state])).code, 0)
  t.equal((await greengate(['suspects', 'mark', 'VPN.tun.site.test.', 'confirmed', '--state', state])).code, 0)
  t.equal((await greengate(['suspects', 'mark', 'cork.tun.site.test', 'innocent', '--note', 'ours', '--state', state])).code, 0)
  t.notOk((await ask()).suspects.some(({ host }) => host === 'cork.tun.site.test'), 'innocent ones are not told again')
  const list = join(folder, 'confederates')
  const confirmed = await greengate(['suspects', 'confirmed', '--write', list, '--state', state])
  t.match(readFileSync(list, 'utf8'), /^vpn\.tun\.site\.test$/m)
  writeFileSync(join(folder, 'pasted.yaml'), `version: 1\n${confirmed.stdout}`)
  t.equal((await greengate(['check', join(folder, 'pasted.yaml')])).code, 0, confirmed.stdout)
})
