// What is no error and yet not what its author means. Danger prevented: a rule that opens more than it seems to, or that protects
// nobody. What needs a judgement of requests (shadowed rules) is found by the lint in decision/.
import { intersect, networkSet, type NetworkSet, parseNetwork, subtract } from '../net/network.ts'
import { NOT_PUBLIC } from '../net/scope.ts'
import type { AddressSet, PacketRule, Policy, ServiceSet, WebRule } from './policy.ts'
import type { Setting } from './rule-base.ts'
import type { Path } from './source.ts'
import { webOpener } from './direct.ts'

/** The machine itself, and neighbours by the address of their link alone. */
const NEAR = networkSet(['127.0.0.0/8', '::1', 'fe80::/10'].flatMap((text) => {
  const parsed = parseNetwork(text)
  return parsed.ok ? [parsed.range] : []
}))

/** Why nothing is said of the rest of a file's rule: a disabled rule allows nothing. */
function active(rule: PacketRule | WebRule, nowMs: number): boolean {
  return rule.enabled && (rule.expires === undefined || rule.expires > nowMs)
}

function allowsFtp(services: ServiceSet): boolean {
  const tcp = services.parts.flatMap((part) => (part.protocol === 'tcp' ? [part] : []))
  // where the data ports are open as well, ftp works
  return tcp.some((part) => part.first <= 21 && part.last >= 21) && !tcp.some((part) => part.first <= 1024 && part.last === 65535)
}

function macsOf(from: AddressSet | undefined): boolean {
  return from !== undefined && (from.macs.length > 0 || from.pins.length > 0)
}

/** A client behind another router, or any client where no green is given, shows no MAC of its own. */
function blindPins(from: AddressSet, green: NetworkSet): boolean {
  return from.pins.some((pin) => intersect(networkSet(pin.ranges), green).empty)
}

function tellMacs(setting: Setting, rule: PacketRule | WebRule, path: Path, policy: Policy): void {
  const { from } = rule
  if (rule.action === 'allow' || from === undefined || !macsOf(from)) return
  const at = [...path, 'from']
  if (policy.gateway.green.length === 0) {
    setting.report.warning('blind-mac', at, 'this denies by MAC, and without `gateway.green` nothing says that its clients are on the link', 'a MAC is seen on the link alone: give `gateway.green`, or deny by address')
  } else if (blindPins(from, networkSet(policy.gateway.green.map(({ network }) => network)))) {
    setting.report.warning('blind-mac', at, 'this denies by MAC clients whose addresses are in no green network: their MAC is never seen', 'behind another router deny by address')
  }
}

/** Whose senders never come in by a green interface, nor from the machine itself: a network mistyped, or a rule meant for what comes in through red. */
function tellOutside(setting: Setting, rule: PacketRule | WebRule, path: Path, policy: Policy): void {
  const { from } = rule
  const green = networkSet([...policy.gateway.green.map(({ network }) => network), ...NEAR.ranges])
  if (from === undefined || policy.gateway.green.length === 0 || from.any || from.green || from.gateway || macsOf(from)) return
  if ((!from.internet && from.ranges.length === 0) || !intersect(networkSet(from.ranges), green).empty) return
  setting.report.warning('outside-green', [...path, 'from'], 'this rule never decides: nobody of `from` is in a green network, and what comes in elsewhere is closed', 'write addresses of green, or add their network to `gateway.green`')
}

function tellPrivate(setting: Setting, rule: WebRule, path: Path): void {
  const { to } = rule
  if (rule.action !== 'allow' || rule.resolvesTo !== undefined || to === undefined) return
  const closed = to.ranges.find((range) => subtract(networkSet([range]), NOT_PUBLIC).empty)
  if (closed === undefined && !to.green && !to.gateway) return
  setting.report.warning('private-to', [...path, 'to'], 'this allows addresses that are not public, and they stay closed', 'to open them write the networks as `resolves-to`')
}

/** Conditions of what is inside a tunnel, which nobody sees. */
function tellTunnels(setting: Setting, rule: WebRule, path: Path, policy: Policy): void {
  const tunnelsOnly = rule.methods?.every((method) => method === 'CONNECT') === true && rule.methods.length > 0
  // ports that were told to be wrong leave none
  const plain = (rule.ports ?? []).length === 0 || rule.ports?.some(({ first, last }) => policy.web.ports.some((open) => open.first <= last && first <= open.last)) === true
  if (rule.contentTypes !== undefined && (tunnelsOnly || !plain)) {
    setting.report.warning('inside-tunnel', [...path, 'content-type'], 'this rule meets tunnels alone, and a content type inside TLS is not seen', 'deny the host, or plain requests')
  }
  for (const [index, source] of (rule.uri ?? []).entries()) {
    if (/^\^?\(?https:/i.test(source)) {
      const many = setting.report.source.value([...path, 'uri', index]).place !== setting.report.source.value([...path, 'uri']).place
      setting.report.warning('inside-tunnel', many ? [...path, 'uri', index] : [...path, 'uri'], `\`${source}\` is never found: an https request is seen as \`host:443\``, 'match the host: `host: .example.com`')
    }
  }
}

function tellEveryRule(setting: Setting, rule: PacketRule | WebRule, path: Path, nowMs: number): void {
  if (rule.enabled && rule.expires !== undefined && rule.expires <= nowMs) {
    setting.report.warning('expired', [...path, 'expires'], `\`${rule.id}\` expired: it does nothing any more`, 'remove it, or give it a later date')
  }
}

export function tellWarnings(setting: Setting, policy: Policy, nowMs: number): void {
  const { report, paths } = setting
  const { gateway } = policy
  if (gateway.green.length > 0 && (gateway.admin === undefined || gateway.admin.macs.length === 0 || gateway.admin.ports.length === 0)) {
    report.keyWarning('no-admin', ['gateway', 'green'], 'a gateway with `green` and no `admin`: one wrong rule locks everybody out', 'give `admin: { mac: "00:1a:2b:3c:4d:5e", ports: [445, 222] }`')
  }
  const opensWeb = webOpener(policy)
  for (const rule of policy.rules) {
    const path = paths.get(rule) ?? ['rules', rule.index]
    tellEveryRule(setting, rule, path, nowMs)
    if (!active(rule, nowMs)) continue
    tellMacs(setting, rule, path, policy)
    tellOutside(setting, rule, path, policy)
    if (rule.action !== 'allow') continue
    if (allowsFtp(rule.services)) report.warning('ftp', [...path, 'services'], '`ftp` is the control channel alone: the ports of its data are random, and stay closed', 'use SFTP (`ssh`) or HTTPS')
    const port = opensWeb(rule)
    if (port !== undefined) report.warning('direct-web', path, `this lets Green reach ${port} of the internet directly, round the proxy`, 'narrow it, or write `direct: true` if that is meant')
  }
  for (const rule of policy.web.rules) {
    const path = paths.get(rule) ?? ['web', 'rules', rule.index]
    tellEveryRule(setting, rule, path, nowMs)
    if (!active(rule, nowMs)) continue
    tellMacs(setting, rule, path, policy)
    tellOutside(setting, rule, path, policy)
    tellPrivate(setting, rule, path)
    tellTunnels(setting, rule, path, policy)
  }
}
