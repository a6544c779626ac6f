// How others read a host: the C library (inet_aton, getaddrinfo for numbers alone), Node's URL and a real Chromium's, thousands at a time. What one
// of them takes for an address must be no name to us, nor another address.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../programs/run.ts'

const PYTHON = `
import json, socket, sys
def aton(octets):
    try: return socket.inet_ntoa(socket.inet_aton(octets.decode('latin1')))
    except Exception: return None
def numeric(octets):
    try: return socket.getaddrinfo(octets, None, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)[0][4][0]
    except Exception: return None
hosts = [bytes.fromhex(each) for each in json.load(sys.stdin)]
json.dump([[aton(each), numeric(each)] for each in hosts], sys.stdout)
`

/** Latin1 texts, as octets. inet_aton's reading and getaddrinfo's, null where it refuses. */
export async function readByLibc(hosts: readonly string[]): Promise<readonly (readonly [string | null, string | null])[]> {
  const input = JSON.stringify(hosts.map((host) => Buffer.from(host, 'latin1').toString('hex')))
  const { code, stdout, stderr } = await run('python3', ['-c', PYTHON], { input })
  if (code !== 0) throw new Error(`python3: ${stderr}`)
  return JSON.parse(stdout) as readonly (readonly [string | null, string | null])[]
}

/** Unicode texts. The hostname, null where it is no URL. */
export function readByNode(hosts: readonly string[]): readonly (string | null)[] {
  return hosts.map((host) => URL.parse(`http://${host}/`)?.hostname ?? null)
}

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--disable-default-apps', '--disable-extensions',
  '--no-default-browser-check', '--dump-dom',
] as const

/** As `readByNode`, by one page in Chromium, which tells its results as text in its body. */
export async function readByChromium(hosts: readonly string[]): Promise<readonly (string | null)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gg-chromium-'))
  try {
    const data = JSON.stringify(hosts).replace(/[<\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    const script = `const read = ${data}.map((host) => { try { return new URL('http://' + host + '/').hostname } catch { return null } })
      document.body.textContent = 'BEGIN' + [...new TextEncoder().encode(JSON.stringify(read))].map((octet) => octet.toString(16).padStart(2, '0')).join('') + 'END'`
    const page = join(folder, 'page.html')
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><body><script>${script}</script>`)
    const { code, stdout, stderr } = await run('chromium', [...FLAGS, `--user-data-dir=${join(folder, 'profile')}`, `file://${page}`], { env: { HOME: folder }, timeoutMs: 90_000 })
    const told = /BEGIN((?:[0-9a-f]{2})+)END/.exec(stdout)?.[1]
    if (told === undefined) throw new Error(`chromium ended with ${code}: ${stderr.slice(-1000)}`)
    return JSON.parse(Buffer.from(told, 'hex').toString('utf8')) as readonly (string | null)[]
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
