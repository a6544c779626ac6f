// A hosts file as a list: the names that it sent to nowhere are denied, every other name is as it was, and a line that says where a machine is
// blocks nothing.
import t from 'tap'
import { importHosts } from '../../src/import/hosts.ts'
import { file, judge, made, problem, rows, told } from './judged.ts'

const HOSTS = file('hosts', '# ads', '127.0.0.1 localhost localhost.localdomain', '::1 ip6-localhost ip6-loopback', '127.0.1.1 mybox.office.example mybox', '0.0.0.0 0.0.0.0', '0.0.0.0 Ads.Example www.ads.example # two', '127.0.0.1\ttracker.example',
  ':: six.example', '0 short.example', '192.168.51.5 nas nas.office.example', '0.0.0.0 bücher.example', '0.0.0.0 bad..name', '127.0.0.1 mypc', '0.0.0.0 ads.example', 'ads.example', '255.255.255.255 broadcasthost')

t.test('names are denied, themselves and not what is below them; all else passes', async (t) => {
  const imported = made(importHosts([HOSTS], {}))
  t.equal(imported.carried, '6 names')
  const { request, warnings, text } = await judge(t, imported)
  t.same(warnings, [])
  t.match(text, /\nlists:\n {2}hosts: \{ hosts: lists\/hosts \}\n/)
  for (const [got, wanted] of rows(request, `
    127.0.0.1 GET http://ads.example/ => deny hosts
    127.0.0.1 GET http://ADS.example./x => deny hosts
    127.0.0.1 CONNECT www.ads.example:443 => deny hosts
    127.0.0.1 GET http://below.ads.example/ => allow web.default
    127.0.0.1 GET http://tracker.example/ => deny hosts
    127.0.0.1 GET http://six.example/ => deny hosts
    127.0.0.1 GET http://short.example/ => deny hosts
    127.0.0.1 GET http://xn--bcher-kva.example/ => deny hosts
    127.0.0.1 GET http://nas.office.example/ => allow web.default
    127.0.0.1 GET http://mybox.office.example/ => allow web.default
    127.0.0.1 GET http://example.com/ => allow web.default
    192.168.51.9 GET http://example.com/ => deny default
  `)) t.equal(got, wanted)
})

t.test('what is no block is told with its line', async (t) => {
  const imported = made(importHosts([HOSTS], {}))
  t.same(told(imported.findings, 'lost'), [
    'hosts:4 this is the machine\'s own name, not a block', 'hosts:10 this is no block: it says that `nas nas.office.example` is at `192.168.51.5`', 'hosts:12 `bad..name` is no name of a host',
    'hosts:13 `mypc` has no dot: it is a name of this machine, not a site', 'hosts:15 a line of a hosts file has an address and then names',
  ])
})

t.test('a policy that names the original says where the loader reads it otherwise', async (t) => {
  const imported = made(importHosts([file('hosts', '0.0.0.0 ads.example', '127.0.1.1 mybox', '0.0.0.0 good.example bad..name')], { paths: new Map([['hosts', '/etc/hosts']]) }))
  t.same(told(imported.findings, 'changed'), ['hosts:2 read from the file as it stands, this blocks `mybox`'])
  t.same(told(imported.findings, 'lost').slice(-1), ['hosts:3 read from the file as it stands, this does not block `good.example`'])
  t.equal(imported.draft.lists?.[0]?.hosts, '/etc/hosts')
})

t.test('several files are several lists of one rule', async (t) => {
  const { request, compiled } = await judge(t, made(importHosts([file('a/hosts', '0.0.0.0 a.example'), file('b/hosts', '0.0.0.0 b.example')], {})))
  t.same(compiled.policy.lists.map(({ name }) => name), ['hosts', 'hosts-2'])
  t.same([request('127.0.0.1 GET http://a.example/'), request('127.0.0.1 GET http://b.example/')], ['deny hosts', 'deny hosts'])
})

t.test('a file that blocks nothing makes no policy', async (t) => {
  t.equal(problem(importHosts([file('hosts', '127.0.0.1 localhost', '192.168.51.5 nas')], {})), 'hosts: no line of it sends a name to nowhere')
})

t.test('200,000 names take seconds, not minutes', async (t) => {
  const began = performance.now()
  const imported = made(importHosts([file('hosts', Array.from({ length: 200_000 }, (_, at) => `0.0.0.0 n${at}.ads.example`).join('\n'))], {}))
  t.equal(imported.carried, '200000 names')
  t.ok(performance.now() - began < 15_000)
})
