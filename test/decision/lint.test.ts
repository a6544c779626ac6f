// Shadowed rules: told where earlier ones, alone or together, take everything, and never where something is left.
import t from 'tap'
import { compile } from './asking.ts'
import { lint } from '../../src/decision/lint.ts'

const GATEWAY = `
gateway: { green: { interface: eth0, address: 192.168.51.254/24 }, red: { interface: eth1 }, admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445] } }
schedules: { day: [daily 08:00-18:00], night: [daily 18:00-08:00] }
`

function packets(...rules: readonly string[]): string {
  return lint(compile(`${GATEWAY}rules: [${rules.map((rule) => `{ ${rule} }`).join(', ')}]`)).map(({ message }) => message.replace(/ \(line \d+\)/g, '')).join('; ')
}

function web(...rules: readonly string[]): string {
  const lists = 'lists: { ads: { domains: x }, bad: { domains: y } }\n'
  return lint(compile(`${GATEWAY}${lists}web: { default: allow, rules: [${rules.map((rule) => `{ ${rule} }`).join(', ')}] }`)).map(({ message }) => message.replace(/ \(line \d+\)/g, '')).join('; ')
}

const A = 'name: a, action: allow'
const B = 'name: b, action: deny'
const C = 'name: c, action: deny'
const TOLD = '`b` never decides: `a` decides everything that it speaks of'
const BOTH = '`c` never decides: `a`, `b` together decide everything that it speaks of'

t.test('packet rules', async (t) => {
  const rows: readonly (readonly [why: string, rules: readonly string[], expected: string])[] = [
    ['a host within a network', [`${A}, from: 192.168.51.0/24, to: internet, services: smtp`, `${B}, from: 192.168.51.7, to: internet, services: tcp/25`], TOLD],
    ['the other way round', [`${A}, from: 192.168.51.7, to: internet, services: smtp`, `${B}, from: 192.168.51.0/24, to: internet, services: smtp`], ''],
    ['another protocol', [`${A}, from: any, to: any, services: tcp/25`, `${B}, from: any, to: any, services: udp/25`], ''],
    ['two halves of a network', [`${A}, from: 192.168.51.0/25, to: any, services: smtp`, `name: b, action: allow, from: 192.168.51.128/25, to: any, services: smtp`, `${C}, from: 192.168.51.0/24, to: any, services: smtp`], BOTH],
    ['two halves with a hole', [`${A}, from: 192.168.51.0/25, to: any, services: smtp`, `name: b, action: allow, from: 192.168.51.129-192.168.51.255, to: any, services: smtp`, `${C}, from: 192.168.51.0/24, to: any, services: smtp`], ''],
    ['everything before', [`${A}, from: any, to: any`, `${B}, from: "00:16:3e:5e:6c:01", to: any, services: smtp`], TOLD],
    ['an address does not cover a MAC', [`${A}, from: 192.168.51.0/24, to: any`, `${B}, from: "00:16:3e:5e:6c:01", to: any`], ''],
    ['a MAC covers itself pinned', [`${A}, from: "00:16:3e:5e:6c:01", to: any`, `${B}, from: ["00:16:3e:5e:6c:01", 192.168.51.7], pin: true, to: any`], TOLD],
    ['a rule that is off', [`${A}, from: any, to: any, enabled: false`, `${B}, from: any, to: any, services: smtp`], ''],
    ['a rule that is observed', [`${A}, from: any, to: any, mode: observe`, `${B}, from: any, to: any, services: smtp`], ''],
    ['a rule of some hours', [`${A}, from: any, to: any, schedule: day`, `${B}, from: any, to: any, services: smtp`], ''],
    ['one of the same hours', [`${A}, from: any, to: any, schedule: [day, night]`, `${B}, from: any, to: any, services: smtp, schedule: day`], TOLD],
    ['a rule that expires', [`${A}, from: any, to: any, expires: 2099-01-01`, `${B}, from: any, to: any, services: smtp`], ''],
    ['what the gateway sends is no client\'s', [`${A}, from: any, to: any`, `${B}, from: gateway, to: any, services: smtp`], ''],
    ['direct packets are not the proxy\'s path', [`${A}, from: any, to: any`, `${B}, from: any, to: 93.184.215.14, services: http`], ''],
    ['on the same path', [`${A}, from: any, to: any, via: both`, `${B}, from: any, to: 93.184.215.14, services: http`], TOLD],
  ]
  for (const [why, rules, expected] of rows) t.equal(packets(...rules), expected, why)
})

t.test('web rules', async (t) => {
  const rows: readonly (readonly [why: string, rules: readonly string[], expected: string])[] = [
    ['a host below a domain', [`${A}, host: .example.com`, `${B}, host: www.example.com`], TOLD],
    ['a domain that is not below', [`${A}, host: "*.example.com"`, `${B}, host: .example.com`], ''],
    ['a glob below a domain', [`${A}, host: .example.com`, `${B}, host: "cdn-*.example.com"`], TOLD],
    ['a glob beside it', [`${A}, host: .example.com`, `${B}, host: "cdn-*.example.net"`], ''],
    ['`to` and `host` mean the same names', [`${A}, to: .example.com`, `${B}, host: www.example.com, methods: [GET]`], TOLD],
    ['and the other way round', [`${A}, host: .example.com`, `${B}, to: www.example.com`], TOLD],
    ['a `to` with networks too', [`${A}, host: .example.com`, `${B}, to: [www.example.com, 93.184.215.0/24]`], ''],
    ['numeric hosts and more', [`${A}, host: [numeric, a.test]`, `${B}, host: numeric`], TOLD],
    ['networks within a network', [`${A}, to: 93.184.0.0/16`, `${B}, to: 93.184.215.0/24`], TOLD],
    ['a denial also holds for addresses inside others', [`${A}, to: "2000::/3"`, `${B}, to: "2002::/16"`, 'name: open, action: allow, host: z.test, resolves-to: "64:ff9b::/96"'], ''],
    ['a method of several', [`${A}, methods: [GET, HEAD]`, `${B}, methods: [GET]`], TOLD],
    ['methods together', [`${A}, methods: [GET], host: .x.test`, `name: b, action: allow, methods: [POST]`, `${C}, methods: [GET, POST], host: a.x.test`], BOTH],
    ['another method', [`${A}, methods: [GET]`, `${B}, host: x.test`], ''],
    ['a rule without a condition', [`${A}`, `${B}, uri: x, user-agent: y, list: ads`], TOLD],
    ['the same expression', [`${A}, uri: [x, y]`, `${B}, uri: x, host: a.test`], TOLD],
    ['another expression', [`${A}, uri: x`, `${B}, uri: xx`], ''],
    ['a list of two', [`${A}, list: [ads, bad]`, `${B}, list: ads`], TOLD],
    ['an allow by type looks at the request alone', [`${A}, content-type: "video/*"`, `${B}, content-type: video/mp4`], ''],
    ['a denial by type at both', [`name: a, action: deny, content-type: "video/*"`, `${B}, content-type: video/mp4`], TOLD],
    ['an opening below an allow without one', [`${A}, host: in.test`, `name: b, action: allow, host: in.test, resolves-to: 10.0.0.0/8`], TOLD],
    ['an opening before a denial', [`${A}, host: in.test, resolves-to: 10.0.0.0/8`, `${B}, host: in.test`], ''],
    ['who', [`${A}, from: 192.168.51.0/24, host: x.test`, `${B}, from: 192.168.51.7, host: x.test`], TOLD],
    ['hours', [`${A}, host: x.test, schedule: day`, `${B}, host: x.test`], ''],
    ['ports', [`${A}, ports: [80, 1025-65535]`, `${B}, ports: 8080`], TOLD],
  ]
  for (const [why, rules, expected] of rows) t.equal(web(...rules), expected, why)
})

t.test('the shipped order of an office is clean', async (t) => {
  t.same(lint(compile(`${GATEWAY}rules: [{ name: x, action: allow, from: 192.168.51.0/27, to: internet, services: smtp }, { name: y, action: allow, from: green, to: gateway, services: proxy }]`)), [])
})
