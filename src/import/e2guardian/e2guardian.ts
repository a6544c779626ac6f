// e2guardian's configuration into a policy, and DansGuardian's, of which it came: its lists in the order in which its storyboard (version 5) or its program (before) asks them, group by group. Danger
// prevented: a filter that is thought to have come along whole, of which the half that reads pages did not.
import type { Imported } from '../draft.ts'
import { Findings } from '../finding.ts'
import { NameMaker } from '../names.ts'
import type { ImportFile, ImportProblem } from '../source.ts'
import { Conditioner } from './conditions.ts'
import { groupsByAddress } from './groups.ts'
import { definitionsOf, lastValue, readOptions } from './options.ts'
import type { ListDefinition, Option } from './options.ts'
import { writeRooms } from './rooms.ts'
import { ASKS, RuleWriter } from './rules.ts'
import type { Shelf } from './shelf.ts'
import { builtInStory, readStory } from './story.ts'
import type { Story } from './story.ts'
import { tellOptions } from './unsaid.ts'
import { waysOf } from './walk.ts'
import type { Known } from './walk.ts'

const MOST_GROUPS = 200

interface Reading {
  readonly shelf: Shelf
  readonly findings: Findings
  readonly conditioner: Conditioner
  readonly writer: RuleWriter
}

/** What is certain of a question before any request: a list that is not there, or empty, has nobody on it. */
function knownOf(definitions: readonly ListDefinition[], { conditioner, findings }: Reading): Known {
  const told = new Set<ListDefinition>()
  return ({ state, list, line }) => {
    const types = ASKS[state]
    if (['connect', 'get', 'post', 'siteisip'].includes(state)) return undefined
    const named = definitions.filter(({ name }) => name === list)
    if (types !== undefined) return named.some((each) => types.includes(each.type) && conditioner.choices(each, state).length > 0) ? undefined : false
    // what a search, a header, a referer or an address within an address says is not asked here
    for (const each of named) {
      if (told.has(each) || state === 'embeddedin' || (state === 'headerin' ? each.type !== 'regexp' && each.type !== 'other' : each.type !== 'other' && state !== 'refererin') || conditioner.parts(each).length === 0) continue
      told.add(each)
      findings.lost(each.line, `\`${state}\` of the storyboard asks what no rule of the policy can`, `line ${line.origin.line} of ${line.origin.file} asks it`)
    }
    return false
  }
}

function tellUnused(story: Story, definitions: readonly ListDefinition[], { conditioner, findings }: Reading): void {
  const asked = [...story.values()].flat()
  for (const each of definitions) {
    if (conditioner.parts(each).length === 0) continue
    if (!asked.some(({ list }) => list === each.name)) findings.lost(each.line, `no function of the storyboard asks the list \`${each.name}\`: it decides nothing there, and nothing here`, 'where that is not meant, write the rule')
    else if (conditioner.parts(each).some(({ blankets }) => blankets.length > 0)) findings.lost(each.line, 'version 5 passes over `**`, `*ip`, `**s` and `*ips` in its lists', 'where everything else is to be closed: `web.default: deny`')
  }
}

/** Those of versions before 5: what the list of banned sites closes beside its names. */
function blanketsOf(definitions: readonly ListDefinition[], { conditioner, findings }: Reading): ReadonlySet<string> {
  const found = new Set<string>()
  for (const each of definitions) {
    for (const word of conditioner.parts(each).flatMap(({ blankets }) => blankets)) {
      if (each.name === 'banned') found.add(word)
      else findings.lost(each.line, `\`${word}\` of the list \`${each.name}\` has no rule`)
    }
  }
  return found
}

function storyOf(options: readonly Option[], definitions: readonly ListDefinition[], main: string, reading: Reading): Story {
  const named = options.findLast(({ key }) => key === 'storyboard')
  const file = named === undefined ? undefined : reading.shelf.open(named.value)
  if (file?.text !== undefined) {
    const story = readStory({ name: file.name, text: file.text }, reading.shelf, reading.findings)
    tellUnused(story, definitions, reading)
    return story
  }
  if (named !== undefined) reading.findings.lost(named.line, `\`${named.value}\` was not found: the order of the versions before 5 stands for it`, 'name the folder in which it stands')
  return builtInStory(main, blanketsOf(definitions, reading), lastValue(options, 'blockdownloads') === 'on', reading.shelf, reading.findings)
}

function preAuth(options: readonly Option[], definitions: readonly ListDefinition[], main: string, reading: Reading): void {
  const path = lastValue(options, 'preauthstoryboard')
  const file = path === undefined ? undefined : reading.shelf.open(path)
  const story = file?.text === undefined ? builtInStory(main, new Set(), false, reading.shelf, reading.findings) : readStory({ name: file.name, text: file.text }, reading.shelf, reading.findings)
  const ways = waysOf(story, ['pre-authcheck'], knownOf(definitions, reading)) ?? []
  reading.writer.write({ from: undefined, label: '', definitions }, ways, undefined)
}

export function importE2guardian(files: readonly ImportFile[], shelf: Shelf): Imported | ImportProblem {
  const findings = new Findings()
  const main = files.find(({ text }) => /^\s*(?:filtergroups|filterports?|filtergroupslist)\s*=/m.test(text))
  if (main === undefined) return { file: files[0]?.name ?? '', message: 'no line of it is one of e2guardian\'s configuration', hint: 'name e2guardian.conf, or its folder' }
  const options = readOptions(main, shelf, findings)
  const count = Math.max(1, Number(lastValue(options, 'filtergroups') ?? 1) || 1)
  if (count > MOST_GROUPS) return { file: main.name, message: `${count} filter groups are more than ${MOST_GROUPS}` }
  const groupNames = new NameMaker()
  const conditioner = new Conditioner(shelf, findings, groupNames)
  const names = new NameMaker()
  const writer = new RuleWriter(conditioner, findings, names)
  const reading: Reading = { shelf, findings, conditioner, writer }
  tellOptions(options, findings)
  const newer = (path: string): boolean => shelf.open(path) !== undefined
  const last = lastValue(options, 'preauthstoryboard') !== undefined || newer('common.story')
  writeRooms(options, shelf, findings, conditioner, writer.rules, names)
  preAuth(options, definitionsOf(options, last), main.name, reading)
  const members = groupsByAddress(options, count, shelf, findings)
  let rest: 'allow' | 'deny' = 'allow'
  const first = Number(lastValue(options, 'defaultfiltergroup') ?? 1) || 1
  const counted = options.find(({ key }) => key === 'filtergroups')
  for (let group = 1; group <= count; group++) {
    if (group !== first && !members.has(group) && counted !== undefined) findings.lost(counted.line, `nobody is in group ${group} by address: its rules are left out, and who was in it is judged as everybody else`, 'name its clients in `ipgroups` of the plugin `ip`')
  }
  for (const group of [...[...members.keys()].filter((each) => each !== first), first]) {
    const path = (main.name.split('/').at(-1) ?? '').replace(/\.conf$/, `f${group}.conf`)
    const file = shelf.open(path)
    const own = file?.text === undefined ? [] : readOptions({ name: file.name, text: file.text }, shelf, findings)
    const given = lastValue(own, 'groupname') ?? ''
    const label = /^(?:no_name_group)?$/.test(given) ? `group${group}` : given
    const from = group === first ? undefined : conditioner.group(label, members.get(group) ?? [])
    if (file?.text === undefined) {
      findings.lost({ origin: { file: main.name, line: 1 }, text: '' }, `\`${path}\` was not found: ${from === undefined ? 'everybody who is in no group' : `group ${group}`} is denied`, 'name the folder in which it stands')
      if (from === undefined) rest = 'deny'
      else writer.rules.push({ name: names.make(`${from}-closed`, 'rule'), action: 'deny', from: [from] })
      continue
    }
    tellOptions(own, findings)
    const mode = own.findLast(({ key, value }) => key === 'groupmode' && value !== '1')
    if (mode !== undefined) {
      if (from === undefined) rest = mode.value === '2' ? 'allow' : 'deny'
      else writer.rules.push({ name: names.make(`${from}-${mode.value === '2' ? 'unfiltered' : 'closed'}`, 'rule'), action: mode.value === '2' ? 'allow' : 'deny', from: [from], origin: mode.line.origin })
      continue
    }
    const definitions = [...definitionsOf(options, last), ...definitionsOf(own, last)]
    const story = storyOf(own, definitions, main.name, reading)
    const ways = waysOf(story, ['checkrequest', 'checkresponse'], knownOf(definitions, reading))
    if (ways === undefined) return { file: file.name, message: 'its storyboard has too many ways to be walked', hint: 'report it with the file' }
    writer.write({ from, label: from ?? '', definitions }, ways, 'allow')
  }
  // the last way of all, of whom nothing holds, is the default
  const end = writer.rules.at(-1)
  const all = end !== undefined && Object.keys(end).every((key) => ['name', 'action', 'origin'].includes(key)) ? writer.rules.slice(0, -1) : writer.rules
  if (all.length < writer.rules.length) rest = end?.action ?? rest
  findings.assumed(main.name, 'destinations that are not public are closed, and a tunnel must be TLS for the name that was asked', 'open them with `resolves-to` in an allow rule; loosen `web.tunnels` where another protocol is meant')
  const port = Number(lastValue(options, 'filterports') ?? lastValue(options, 'filterport') ?? 8080)
  return {
    draft: {
      head: ['Made from the configuration of an e2guardian. It judged pages by their words as well: nothing of that is here.'],
      name: 'e2guardian',
      gateway: { green: [], red: [], proxyPort: port >= 1 && port <= 65535 ? port : 8080 },
      addresses: [...conditioner.groups], schedules: [...conditioner.schedules], lists: conditioner.lists,
      rules: [{ name: 'proxy', action: 'allow', from: ['any'], to: ['gateway'], services: ['proxy'], note: 'who may ask at all: the web rules say for what' }],
      web: { default: rest, ports: ['1-65535'], connectPorts: ['1-65535'], rules: all },
    },
    files: conditioner.files, findings: findings.all, carried: `${all.length} ${all.length === 1 ? 'rule' : 'rules'}`,
  }
}
