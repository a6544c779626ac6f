// e2guardian's configuration as a policy, without e2guardian: odd lines, the older names, rooms, hours, groups, and what cannot be said. Beside a real one: e2guardian-real.test.ts.
import t from 'tap'
import { importE2guardian } from '../../src/import/e2guardian/e2guardian.ts'
import type { Shelf } from '../../src/import/e2guardian/shelf.ts'
import type { Imported } from '../../src/import/draft.ts'
import { judge, made, problem, told } from './judged.ts'

type Files = Readonly<Record<string, string>>

function shelf(files: Files): Shelf {
  const open = (path: string): ReturnType<Shelf['open']> => {
    const text = files[path.replace('/etc/dg/', '')]
    return text === undefined ? undefined : { name: path, path, text: text === 'LARGE' ? undefined : text }
  }
  return { open, list: (path) => Object.keys(files).filter((name) => name.startsWith(`${path.replace('/etc/dg/', '')}/`)) }
}

const MAIN = 'filterport = 8081\nfiltergroups = 1\nbannediplist = \'/etc/dg/bannediplist\'\nexceptioniplist = "/etc/dg/exceptioniplist"\n'
const GROUP = `groupmode = 1\ngroupname = ''
bannedsitelist = '/etc/dg/bannedsitelist'
bannedurllist = '/etc/dg/bannedurllist'
bannedregexpurllist = '/etc/dg/bannedregexpurllist'
greysitelist = '/etc/dg/greysitelist'
exceptionsitelist = '/etc/dg/exceptionsitelist'
bannedextensionlist = '/etc/dg/bannedextensionlist'
bannedmimetypelist = '/etc/dg/bannedmimetypelist'
weightedphraselist = '/etc/dg/weightedphraselist'
`
const EMPTY: Files = Object.fromEntries(['bannediplist', 'exceptioniplist', 'bannedsitelist', 'bannedurllist', 'bannedregexpurllist', 'greysitelist', 'exceptionsitelist', 'bannedextensionlist', 'bannedmimetypelist'].map((name) => [name, '# nothing\n']))

function imported(files: Files, main = MAIN): Imported {
  return made(importE2guardian([{ name: 'dansguardian.conf', text: main }], shelf({ ...EMPTY, 'dansguardianf1.conf': GROUP, ...files })))
}

t.test('the lists of the versions before 5, in the order that they have', async (t) => {
  const found = imported({
    bannediplist: '192.168.0.0/255.255.255.0\n10.0.0.1-10.0.0.3 # the hall\n', exceptioniplist: '192.168.1.7\n', bannedsitelist: 'bad.example\n.Include</etc/dg/more>\n', more: 'worse.example\n.Include</etc/dg/more>\n',
    bannedurllist: 'part.example/x\n', bannedregexpurllist: 'a+b\n(?=x)\n', greysitelist: 'grey.bad.example\n', exceptionsitelist: 'good.bad.example\n', bannedextensionlist: '.exe # program\n', bannedmimetypelist: 'video/mpeg\nnonsense\n',
  })
  const { request } = await judge(t, found)
  for (const [row, wanted] of [
    ['10.0.0.2 GET http://other.example/', 'deny bannedclient'], ['192.168.1.7 GET http://bad.example/', 'allow exceptionclient'], ['10.0.0.9 GET http://www.bad.example/', 'deny banned'], ['10.0.0.9 GET http://worse.example/', 'deny banned'],
    ['10.0.0.9 GET http://good.bad.example/a.exe', 'allow exception'], ['10.0.0.9 GET http://grey.bad.example/', 'allow grey'], ['10.0.0.9 GET http://grey.bad.example/a.exe', 'deny grey-bannedextension'], ['10.0.0.9 GET http://www.part.example/x?y', 'deny banned'],
    ['10.0.0.9 GET http://part.example/xy', 'allow web.default'], ['10.0.0.9 GET http://o.example/aaab', 'deny banned'], ['10.0.0.9 CONNECT bad.example:443', 'deny connect-banned'], ['10.0.0.9 GET http://o.example/a.EXE?x', 'deny bannedextension'],
  ] as const) t.equal(request(row), wanted, row)
  t.match(told(found.findings, 'lost'), [/weightedphraselist|no phrase closes/, /more.* was not found|more:2|`nonsense`|\(\?=/])
  const lost = told(found.findings, 'lost').join('\n')
  for (const each of ['`nonsense` is no media type', 'looking ahead', 'no phrase closes or opens']) t.match(lost, each)
  t.same(found.draft.gateway?.proxyPort, 8081)
})

t.test('a list for some hours is denied in those hours, and one that never held is not', async (t) => {
  const { draft, findings } = imported({ bannedsitelist: '#time: 9 0 17 0 01234\nbad.example\n.Include</etc/dg/more>\n', more: '#time: 12 30 23 59 456\nworse.example\n', bannedurllist: '#time: 22 0 6 0 0123456\na.example/x\n', exceptionsitelist: '#time: 25 0 6 0 0\ngood.example\n' })
  t.same(draft.schedules, [['time-mon-fri0900-1701', ['mon-fri 09:00-17:01']], ['time-fri1230-1701', ['fri 12:30-17:01']]])
  t.match(draft.web?.rules.filter(({ methods }) => methods === undefined).map(({ action, list, schedule }) => `${action} ${list?.join() ?? ''} ${schedule?.join() ?? ''}`), ['deny bannedsitelist time-mon-fri0900-1701', 'deny more time-fri1230-1701'])
  t.match(findings.filter(({ kind }) => kind === 'changed').map(({ message }) => message), [/ends before it begins/])
  t.match(findings.filter(({ kind }) => kind === 'lost').map(({ message }) => message).join(), /`25 0 6 0 0` is no time: what this list bans is banned at all times, what it allows never/)
})

t.test('everything closed but what is excepted, by the words of the older versions', async (t) => {
  const { request } = await judge(t, imported({ bannedsitelist: '**\n*ips\n', exceptionsitelist: 'good.example\n', greysitelist: 'grey.example\n' }))
  t.equal(request('10.0.0.9 GET http://other.example/'), 'deny web.default')
  t.equal(request('10.0.0.9 GET http://www.good.example/'), 'allow exception')
  t.equal(request('10.0.0.9 GET http://grey.example/'), 'allow grey')
  t.equal(request('10.0.0.9 CONNECT other.example:443'), 'allow connect')
  t.equal(request('10.0.0.9 CONNECT 8.8.8.8:443'), 'deny connect-siteisip')
})

t.test('groups: an address of two is of one, a group without addresses decides for nobody, one without its file is closed', async (t) => {
  const main = `${MAIN.replace('filtergroups = 1', 'filtergroups = 5')}authplugin = '/etc/dg/ip.conf'\nauthplugin = '/etc/dg/ntlm.conf'\n`
  const files = {
    'ip.conf': "plugname = 'ip'\nipgroups = '/etc/dg/ipgroups'\n", ipgroups: '10.0.0.0-10.0.0.255 = filter2\n10.0.0.16/28 = filter3\n10.0.0.17 = filter1\n10.0.0.18=filter4\n10.0.0.19 = filter9\nx = filter2\n',
    'ntlm.conf': "plugname = 'proxy-ntlm'\n", 'dansguardianf2.conf': 'groupmode = 0\n', 'dansguardianf3.conf': "groupmode = 2\ngroupname = 'staff'\n", bannedsitelist: 'bad.example\n',
  }
  const found = imported(files, main)
  const { request } = await judge(t, found)
  for (const [row, wanted] of [
    ['10.0.0.1 GET http://a.example/', 'deny group2-closed'], ['10.0.0.16 GET http://bad.example/', 'allow staff-unfiltered'], ['10.0.0.17 GET http://bad.example/', 'deny banned'], ['10.0.0.17 GET http://a.example/', 'allow web.default'],
    ['10.0.0.18 GET http://a.example/', 'deny group4-closed'], ['10.1.0.1 GET http://bad.example/', 'deny banned'],
  ] as const) t.equal(request(row), wanted, row)
  const lost = told(found.findings, 'lost').join('\n')
  for (const each of ['`proxy-ntlm`: groups of users', 'there is no group 9', '`address = filterN` is what', 'group 4 is denied', 'nobody is in group 5 by address']) t.match(lost, each)
})

t.test('rooms, storyboards and definitions', async (t) => {
  const main = ".Define LISTDIR </etc/dg>\nfilterports = 8080\nperroomdirectory = '/etc/dg/rooms'\npreauthstoryboard = '/etc/dg/preauth.story'\n"
  const found = imported({
    'dansguardianf1.conf': ".Include</etc/dg/common.conf>\nsitelist = 'name=mine,path=__LISTDIR__/one'\nsitelist = 'name=mine,path=/etc/dg/two'\nsitelist = 'name=idle,path=/etc/dg/one'\nstoryboard = '/etc/dg/f1.story'\ntimelist = 'name=noon,path=/etc/dg/noon'\nsearchlist = 'name=words,path=/etc/dg/one'\n",
    'common.conf': "regexpboollist = 'name=agents,path=/etc/dg/agents'\nreportinglevel = -1\n", one: 'one.example\n', two: 'two.example\n', agents: 'EvilBot\n', noon: '12 0 12 59 0123456\n', 'preauth.story': 'function(pre-authcheck)\n',
    'f1.story': 'function(checkrequest)\nif(useragentin, agents) return setblock\nif(searchin, words) return setblock\nif(timein, noon) return lunch # comment\nifnot(urlin,mine) return setblock\nfunction(lunch)\nif(post) return setblock\nif(true) return setexception\n',
    'rooms/hall': '#Hall\n10.0.0.1-10.0.0.3\n', 'rooms/lab': '#Lab "}\n10.0.1.0/24\n#ENDLIST\n#SITELIST\nkb.example\n#ENDLIST\n#URLLIST\na.example/x\n#ENDLIST\n#BLOCK\n',
  }, main)
  t.match(found.draft.web?.rules.map(({ name, action }) => `${action} ${name}`), ['deny room-Hall-closed', 'allow room-Lab-sites', 'allow room-Lab-urls', 'deny room-Lab-closed', 'deny agents', 'deny noon-post', 'allow noon', 'allow mine'])
  t.equal(found.draft.web?.default, 'deny')
  t.match(found.draft.web?.rules.find(({ name }) => name === 'mine'), { list: ['two'] })
  const { request, text } = await judge(t, found)
  for (const [row, wanted] of [['10.0.0.2 GET http://two.example/', 'deny room-Hall-closed'], ['10.0.1.5 GET http://www.kb.example/', 'allow room-Lab-sites'], ['10.0.1.5 GET http://a.example/x/y', 'allow room-Lab-urls'], ['10.0.1.5 GET http://two.example/', 'deny room-Lab-closed'], ['10.9.0.1 GET http://two.example/', 'allow mine'], ['10.9.0.1 GET http://one.example/', 'deny web.default']] as const) t.equal(request(row), wanted, row)
  t.match(text, /user-agent: EvilBot/)
  const lost = told(found.findings, 'lost').join('\n')
  for (const each of ['no function of the storyboard asks the list `idle`', '`searchin` of the storyboard', 'reportinglevel = -1']) t.match(lost, each)
})

t.test('two lists that must both hold: a denial is written wider, an allowance is left out', async (t) => {
  const group = "sitelist = 'name=a,path=/etc/dg/a'\nurllist = 'name=b,path=/etc/dg/b'\nsitelist = 'name=c,path=/etc/dg/c'\nstoryboard = '/etc/dg/f1.story'\n"
  const found = imported({ 'dansguardianf1.conf': group, a: 'a.example\n', b: 'b.example/x\n', c: 'c.example\n', 'f1.story': 'function(checkrequest)\nif(urlin,a) return inner\nfunction(inner)\nif(urlin,b) return setblock\nif(urlin,c) return setexception\nif(true) return setblock\n' })
  t.match(found.draft.web?.rules.map(({ action, list }) => `${action} ${list?.join() ?? ''}`), ['deny b', 'deny a'])
  t.match(found.findings.filter(({ message }) => message.includes('both at once')).map(({ kind }) => kind), ['changed', 'lost'])
})

t.test('a long collection is named where it stands, and foreign text stays data', async (t) => {
  const names = Array.from({ length: 1500 }, (_, index) => `site${index}.example`).join('\n')
  const found = imported({ bannedsitelist: '.Include</etc/dg/blacklists/ads/domains>\n.Include</etc/dg/blacklists/porn/domains>\nx.example"}, evil: {\n', 'blacklists/ads/domains': `# ads\n${names}\n`, 'blacklists/porn/domains': 'LARGE' })
  t.same(found.draft.lists, [{ name: 'ads-domains', domains: '/etc/dg/blacklists/ads/domains' }, { name: 'porn-domains', domains: '/etc/dg/blacklists/porn/domains' }])
  t.same(found.files, [])
  t.match(told(found.findings, 'lost').join('\n'), /`x\.example"}, evil: {` is no name of a site/)
  t.match(problem(importE2guardian([{ name: 'x', text: 'hello\n' }], shelf({}))), /no line of it is one of e2guardian/)
  t.match(problem(importE2guardian([{ name: 'x', text: 'filtergroups = 100000\n' }], shelf({}))), /more than 200/)
  const bare = made(importE2guardian([{ name: 'e2guardian.conf', text: 'filterports = 8080\n' }], shelf({})))
  t.equal(bare.draft.web?.default, 'deny', 'without the file of its group everybody is denied')
})
