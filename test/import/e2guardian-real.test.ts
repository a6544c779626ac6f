// e2guardian's configuration as a policy, beside a real e2guardian 5.3, whose verdicts are the truth: the one that Debian ships, and others written over it. Where the two may part is said here, and
// then it is the policy that denies.
import t from 'tap'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { shelfBeside } from '../../src/cli/import-shelf.ts'
import { parseWebAsk } from '../../src/decision/ask.ts'
import { nearestVia } from '../../src/decision/nearest-via.ts'
import { ask } from '../../src/decision/question.ts'
import { importE2guardian } from '../../src/import/e2guardian/e2guardian.ts'
import { parseIp } from '../../src/net/ip.ts'
import { run, unable } from '../firewall/root.ts'
import { judge, made } from './judged.ts'

const SHIPPED = '/etc/e2guardian'
const why = unable(['e2guardian', 'curl', 'ip', 'mount', 'python3'])
const skip = why === false && !existsSync(SHIPPED) ? 'e2guardian has no configuration here' : why

/** Names that lead to the origin, and two addresses of nobody that it has in its namespace. */
const NAMES = ['www.example.com', 'windowsupdate.microsoft.com', 'bad.example', 'www.bad.example', 'notbad.example', 'good.example', 'sub.grey.example', 'grey.example', 'local.example', 'part.example', 'www.part.example', 'a.gov.example', 'www.gov', 'secret.example']
const NUMBERS = ['93.184.216.34', '45.33.32.156']
const CLIENTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
const ASKS: readonly (readonly [method: string, url: string])[] = [
  ...NAMES.flatMap((name) => [['GET', `http://${name}/`], ['CONNECT', `${name}:443`]] as const),
  ...NUMBERS.flatMap((name) => [['GET', `http://${name}/`], ['CONNECT', `${name}:443`]] as const),
  ...['/a.exe', '/x/A.ZIP', '/movie', '/Variants/AVTest', '/x?y=a.zip', '/uporn', '/uporn/2', '/uporn2', '/uporn?x', '/ads/banner', '/a.odd'].flatMap((path) => ['www.example.com', 'windowsupdate.microsoft.com', 'part.example', 'www.part.example', 'grey.example', 'bad.example'].map((host) => ['GET', `http://${host}${path}`] as const)),
]

/** In place of shipped files, by their paths in the folder. */
type Change = Readonly<Record<string, string | ((text: string) => string)>>

const LISTS: Change = {
  'lists/bannedsitelist': 'bad.example # a comment\nBad.Example/\n#listcategory: "x"\n.Include<FOLDER/lists/more>\n',
  'lists/more': 'secret.example\n.gov.example\n.gov\n',
  'lists/bannedsiteiplist': '93.184.216.0/24\n',
  'lists/bannedurllist': 'part.example/uporn\nhttp.is.no/host\n',
  'lists/bannedregexpurllist': '/ads/[a-z]+\n(Variants/AVTest)\n',
  'lists/greysitelist': 'grey.example\n',
  'lists/exceptionsitelist': 'good.example\nwindowsupdate.microsoft.com\n',
  'lists/exceptionurllist': 'bad.example/uporn\n',
  'lists/localbannedsitelist': 'local.example\nsub.grey.example\n',
}
const ALWAYS = '#time: 0 0 23 59 0123456\n'
const never = (): string => `#time: 0 0 23 59 ${[0, 1, 2, 3, 4, 5, 6].filter((day) => Math.abs(day - (new Date().getDay() + 6) % 7) > 1 && Math.abs(day - (new Date().getDay() + 6) % 7) < 6).join('')}\n`
const group = (text: string): string => text.replaceAll(`FOLDER/lists/bannedsitelist`, 'FOLDER/lists/banned2').replace("groupname = 'no_name_group'", "groupname = 'pupils'")

const CONFIGS: readonly (readonly [name: string, change: Change])[] = [
  ['as it is shipped', {}],
  ['lists of each kind', LISTS],
  ['hours, a list that holds and one that does not', { ...LISTS, 'lists/bannedsitelist': `${ALWAYS}bad.example\n.Include<FOLDER/lists/more>\n`, 'lists/more': `${never()}secret.example\n`, 'lists/exceptionsitelist': `${never()}www.bad.example\n` }],
  ['clients that are closed and clients that are free', { ...LISTS, 'lists/bannediplist': '127.0.0.2\n', 'lists/exceptioniplist': '127.0.0.2-127.0.0.3\n', 'lists/authexceptionsitelist': 'bad.example\n' }],
  ['groups by address that overlap', {
    ...LISTS, 'lists/banned2': 'www.example.com\n', 'e2guardianf2.conf': '', 'lists/authplugins/ipgroups': '127.0.0.2/31 = filter2\n127.0.0.3 = filter1\n', 'authplugins/ip.conf': "plugname = 'ip'\nipgroups = 'FOLDER/lists/authplugins/ipgroups'\n",
    'e2guardian.conf': (text) => text.replace('filtergroups = 1', 'filtergroups = 2').replace("#authplugin = 'FOLDER/authplugins/ip.conf'", "authplugin = 'FOLDER/authplugins/ip.conf'"),
  }],
  ['everything closed but what is excepted', { ...LISTS, 'examplef1.story': (text) => `${text}\nfunction(checkblanketblock)\nif(true,,502) return setblock  # all\nfunction(sslcheckblanketblock)\nif(true,,506) return setblock\n` }],
  ['numbers closed', { ...LISTS, 'examplef1.story': (text) => `${text}\nfunction(checkblanketblock)\nif(siteisip,,505) return setblock\nfunction(sslcheckblanketblock)\nif(siteisip,,507) return setblock\n` }],
  ['a storyboard of one\'s own', { ...LISTS, 'examplef1.story': '.Include<FOLDER/common.story>\nfunction(checkrequest)\nif(connect) return sslrequestcheck\nif(urlin,banned) return setblock\nif(get) return setexception\nif(true) setblock\n' }],
]

function configure(folder: string, change: Change): void {
  cpSync(SHIPPED, folder, { recursive: true, filter: (path) => !/\/(?:phraselists|contentscanners|languages)\//.test(path) })
  for (const path of [...readdirSync(folder), 'authplugins/ip.conf', 'lists/filtergroupslist'].filter((name) => /\.(?:conf|story)$/.test(name))) {
    const text = readFileSync(join(folder, path), 'utf8').replaceAll(SHIPPED, 'FOLDER')
    writeFileSync(join(folder, path), text.replace(/^(?:httpworkers|languagedir|weightedphrasemode|(?:weighted|banned|exception)phraselist) *=.*$/gm, ''))
  }
  const first = readFileSync(join(folder, 'e2guardianf1.conf'), 'utf8')
  for (const [path, content] of Object.entries(change)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), path === 'e2guardianf2.conf' ? group(first) : typeof content === 'string' ? content : content(readFileSync(join(folder, path), 'utf8')))
  }
  const own = [...readdirSync(folder), ...readdirSync(join(folder, 'lists')).map((name) => `lists/${name}`), 'authplugins/ip.conf']
  for (const path of own.filter((name) => existsSync(join(folder, name)) && !readdirSync(dirname(join(folder, name)), { withFileTypes: true }).some((each) => each.name === name.split('/').at(-1) && each.isDirectory()))) {
    const text = readFileSync(join(folder, path), 'utf8')
    if (text.includes('FOLDER')) writeFileSync(join(folder, path), text.replaceAll('FOLDER', folder))
  }
  const settings = ["languagedir = '/usr/share/e2guardian/languages'", 'httpworkers = 20', 'weightedphrasemode = 0', "daemonuser = 'root'", "daemongroup = 'root'", `pidfilename = '${folder}/pid'`, `loglocation = '${folder}/access.log'`, `dstatslocation = '${folder}/dstats.log'`]
  writeFileSync(join(folder, 'e2guardian.conf'), `${readFileSync(join(folder, 'e2guardian.conf'), 'utf8')}\n${settings.join('\n')}\n`)
}

const ORIGIN = `import http.server, threading
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = b'hello'
        self.send_response(200)
        self.send_header('Content-Type', 'video/mpeg' if 'movie' in self.path else 'text/plain')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
for port in (80, 443):
    threading.Thread(target=http.server.ThreadingHTTPServer(('0.0.0.0', port), H).serve_forever).start()
`

/** Asks each, eight at a time, and prints a verdict a line: what is allowed brings the origin's word. */
const ASKER = `import concurrent.futures, json, re, socket, sys
def answer(s, body):
    got = b''
    while True:
        head, end, rest = got.partition(b'\\r\\n\\r\\n')
        length = re.search(rb'content-length: *([0-9]+)', head.lower())
        if end and (not body or length and len(rest) >= int(length[1])): return head, rest
        more = s.recv(65536)
        if not more: return head, rest
        got += more
def talk(client, method, url):
    with socket.create_connection(('127.0.0.1', 8080), 20, (client, 0)) as s:
        host = url.split('/')[2] if method == 'GET' else url
        s.sendall((method + ' ' + url + ' HTTP/1.1\\r\\nHost: ' + host + '\\r\\nUser-Agent: curl/7\\r\\n\\r\\n').encode())
        if method == 'CONNECT':
            if b' 200 ' not in answer(s, False)[0].split(b'\\r\\n')[0]: return 'deny'
            s.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
        return 'allow' if answer(s, True)[1] == b'hello' else 'deny'
def one(ask):
    try: return talk(*ask)
    except OSError: return 'deny'
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    for verdict in pool.map(one, json.load(open(sys.argv[1]))): print(verdict)
`

function real(folder: string): readonly string[] {
  writeFileSync(join(folder, 'hosts'), `127.0.0.9 ${NAMES.join(' ')}\n`)
  writeFileSync(join(folder, 'origin.py'), ORIGIN)
  writeFileSync(join(folder, 'asker.py'), ASKER)
  writeFileSync(join(folder, 'asks'), JSON.stringify(CLIENTS.flatMap((client) => ASKS.map((each) => [client, ...each]))))
  const ran = run('unshare', ['-n', '-m', '--pid', '--fork', '--kill-child', 'sh', '-c', `ip link set lo up
${NUMBERS.map((number) => `ip addr add ${number}/32 dev lo`).join('\n')}
mount --bind ${folder}/hosts /etc/hosts
python3 ${folder}/origin.py >/dev/null 2>&1 &
e2guardian -N -c ${folder}/e2guardian.conf >${folder}/out 2>&1 &
for i in $(seq 200); do curl -s -o /dev/null http://127.0.0.9/ && curl -s -o /dev/null http://127.0.0.1:8080/ && break; sleep 0.1; done
python3 ${folder}/asker.py ${folder}/asks`])
  return ran.out.trim().split('\n')
}

t.test('as a real e2guardian decides', { skip, timeout: 140_000 }, async (t) => {
  let compared = 0
  let wider = 0
  const parted: string[] = []
  for (const [name, change] of CONFIGS) {
    const folder = mkdtempSync(join(tmpdir(), 'gg-e2guardian-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    chmodSync(folder, 0o755)
    configure(folder, change)
    const main = join(folder, 'e2guardian.conf')
    const { compiled } = await judge(t, made(importE2guardian([{ name: main, text: readFileSync(main, 'utf8') }], shelfBeside([folder]))))
    const theirs = real(folder)
    t.equal(theirs.length, CLIENTS.length * ASKS.length, `${name}: ${readFileSync(join(folder, 'out'), 'utf8').slice(0, 2000)}`)
    CLIENTS.forEach((from, at) => ASKS.forEach(([method, url], index) => {
      const asked = parseWebAsk(url, method)
      const address = parseIp(from)
      if (!asked.ok || address === undefined) throw new Error(url)
      const { target, uri, tunnel } = asked.value
      const facts = { client: { address, mac: undefined }, via: nearestVia(compiled, address), now: Date.now(), method, target, uri, tunnel, userAgent: 'curl/7', contentType: undefined }
      const { verdict, cause } = ask(compiled, { facts, addresses: undefined, responseType: url.includes('movie') ? 'video/mpeg' : 'text/plain', serverName: undefined }, false, undefined)
      const wanted = theirs[at * ASKS.length + index]
      compared++
      if (wanted === verdict) return
      // on a grey site a file's ending is held to what the answer says it is
      if (verdict === 'deny' && wanted === 'allow' && cause.by.includes('bannedextension')) wider++
      else parted.push(`${name}: ${from} ${method} ${url}: e2guardian ${wanted}, ours ${verdict} by ${cause.by}`)
    }))
  }
  t.same(parted, [])
  t.equal(compared, CONFIGS.length * CLIENTS.length * ASKS.length)
  t.comment(`${compared} verdicts, ${wider} of them denied for a file's ending`)
})
