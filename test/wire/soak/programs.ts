// Real programs as clients: curl (http, https, an upload), git, and undici's ProxyAgent. What they fetched is compared, not only their exit code.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ProxyAgent, request } from 'undici'
import { Checker, whole } from './content.ts'
import { id36, WWW } from './good.ts'
import type { Kind, Work } from './good.ts'
import { CURL, PORTS } from './stage.ts'
import { must, never } from './world.ts'

interface Ran {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: Buffer): Promise<Ran> {
  const child = spawn(command, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(out), stderr }))
  })
}

function curl(work: Work, args: readonly string[], input?: Buffer): Promise<Ran> {
  const { proxyPort, authority } = work.world.stage
  const fixed = ['--silent', '--show-error', '--max-time', '40', '--noproxy', '', '--proxy', `http://127.0.0.1:${proxyPort}`, '--interface', CURL, '--cacert', authority, '--write-out', '%{stderr}%{http_code} %{local_port}']
  return run('curl', [...fixed, ...args], {}, input)
}

const curlHttp: Kind = async (work, mark) => {
  const id = work.world.id()
  const octets = work.random.size(512 << 10)
  const { code, stdout, stderr } = await curl(work, [`${WWW}/${id36(id)}/chunks/${octets}`])
  work.world.asked(id36(id), mark, code === 0 ? 1 : 0, 1)
  must(code === 0 && /200 \d+$/.test(stderr), `curl ${code}: ${stderr}`)
  never(!stdout.equals(whole(id, octets)), `curl: ${stdout.length} octets of ${octets}`)
}

const curlHttps: Kind = async (work, mark) => {
  const id = work.world.id()
  const octets = work.random.size(512 << 10)
  const { code, stdout, stderr } = await curl(work, [`https://secure.soak.test:${PORTS.https}/${id36(id)}/body/${octets}`])
  const port = /(\d+)$/.exec(stderr)?.[1]
  if (port !== undefined && port !== '0') work.world.asked(`${CURL}:${port}`, mark, code === 0 ? 1 : 0, 1)
  must(code === 0 && /200 \d+$/.test(stderr), `curl ${code}: ${stderr}`)
  never(!stdout.equals(whole(id, octets)), `curl: ${stdout.length} octets of ${octets}`)
}

const curlUpload: Kind = async (work, mark) => {
  const id = work.world.id()
  const octets = work.random.between(1, 2 << 20)
  const how = work.random.chance(0.5) ? ['--header', 'Transfer-Encoding: chunked'] : []
  const { code, stdout, stderr } = await curl(work, ['--upload-file', '-', ...how, `${WWW}/${id36(id)}/upload`], whole(id, octets))
  work.world.asked(id36(id), mark, code === 0 ? 1 : 0, 1)
  must(code === 0 && /200 \d+$/.test(stderr), `curl ${code}: ${stderr}`)
  never(stdout.toString() !== `${id} ${octets} right`, `curl upload: ${stdout.toString('latin1', 0, 200)}`)
}

/** The repository was made before; its one file is random. */
const git: Kind = async (work) => {
  const { folder, proxyPort, authority } = work.world.stage
  const to = join(folder, `clone-${work.world.id()}`)
  const secure = work.random.chance(0.5)
  const url = secure ? `https://git.soak.test:${PORTS.https}/soak.git` : `http://git.soak.test:${PORTS.http}/soak.git`
  try {
    const { code, stderr } = await run('git', ['-c', `http.proxy=http://127.0.0.1:${proxyPort}`, 'clone', '--quiet', url, to], { HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_SSL_CAINFO: authority })
    must(code === 0, `git ${code}: ${stderr}`)
    const hash = createHash('sha256').update(readFileSync(join(to, 'file'))).digest('hex')
    never(hash !== readFileSync(join(folder, 'git-hash'), 'latin1'), 'git: another file')
  } finally {
    rmSync(to, { recursive: true, force: true })
  }
}

const fetching: Kind = async (work, mark) => {
  const { proxyPort, authority } = work.world.stage
  const agent = new ProxyAgent({ uri: `http://127.0.0.1:${proxyPort}`, proxyTunnel: false, requestTls: { ca: readFileSync(authority) } })
  try {
    await Promise.all(Array.from({ length: work.random.between(1, 6) }, async () => {
      const id = work.world.id()
      const octets = work.random.size(64 << 10)
      const secure = work.random.chance(0.3)
      const url = secure ? `https://secure.soak.test:${PORTS.https}/${id36(id)}/body/${octets}` : `${WWW}/${id36(id)}/body/${octets}`
      const answer = await request(url, { dispatcher: agent })
      const body = Buffer.from(await answer.body.arrayBuffer())
      if (!secure) work.world.asked(id36(id), mark)
      must(answer.statusCode === 200, `undici: ${answer.statusCode}`)
      const checker = new Checker(id)
      checker.take(body)
      never(!checker.right || checker.octets !== octets, `undici: ${checker.octets} octets of ${octets}`)
    }))
  } finally {
    await agent.destroy()
  }
}

export const PROGRAM_KINDS: Readonly<Record<string, readonly [perSecond: number, run: Kind, program?: string]>> = {
  'curl': [0.4, curlHttp, 'curl'],
  'curl, https': [0.2, curlHttps, 'curl'],
  'curl, upload': [0.2, curlUpload, 'curl'],
  'git clone': [0.06, git, 'git'],
  'undici': [0.5, fetching],
}
