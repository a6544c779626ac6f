// The rooms: clients by address who are closed, or have sites of their own that no group closes. Danger prevented: a room that was closed for the day and is open because its file has no option.
import type { WebRuleDraft } from '../draft.ts'
import type { Findings } from '../finding.ts'
import type { NameMaker } from '../names.ts'
import type { Conditioner } from './conditions.ts'
import { readRoom } from './groups.ts'
import { urlExpression } from './lists.ts'
import type { Option } from './options.ts'
import type { Shelf } from './shelf.ts'

const FOLDER = /^(?:perroomdirectory|perroomblockingdirectory|perbannedroomdirectory)$/

export function writeRooms(options: readonly Option[], shelf: Shelf, findings: Findings, conditioner: Conditioner, rules: WebRuleDraft[], names: NameMaker): void {
  for (const { line, key, value } of options) {
    if (!FOLDER.test(key) || value === '') continue
    const paths = shelf.list(value)
    if (paths.length === 0) findings.lost(line, `\`${value}\` was not found, or holds no room`, 'name the folder in which it stands')
    for (const path of paths) {
      const file = shelf.open(path)
      const room = file?.text === undefined ? undefined : readRoom({ name: file.name, text: file.text }, findings)
      if (room === undefined) continue
      const from = [conditioner.group(`room-${room.name}`, room.addresses)]
      const { origin } = room.line
      // a room's own sites stand in the rule: they are few
      if (room.sites.length > 0) rules.push({ name: names.make(`room-${room.name}-sites`, 'rule'), action: 'allow', from, host: room.sites.map((site) => `.${site.replace(/^\./, '')}`), origin })
      for (const url of room.urls) {
        const uri = urlExpression(url)
        if (uri === undefined) findings.lost(room.line, `\`${url}\` is no URL`)
        else rules.push({ name: names.make(`room-${room.name}-urls`, 'rule'), action: 'allow', from, uri: [uri], origin })
      }
      if (room.blocked) rules.push({ name: names.make(`room-${room.name}-closed`, 'rule'), action: 'deny', from, origin })
    }
  }
}
