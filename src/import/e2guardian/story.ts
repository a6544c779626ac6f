// A storyboard: the functions of lines `if(condition, list) action` by which version 5 decides. Danger prevented: an order of lists that the administrator changed, and that an import believes to
// be the usual one.
import { linesOf } from '../source.ts'
import type { Findings, SourceLine } from '../finding.ts'
import type { Shelf } from './shelf.ts'

export interface StoryLine {
  readonly line: SourceLine
  readonly not: boolean
  readonly state: string
  readonly list: string
  readonly returns: 'no' | 'always' | 'if-true'
  readonly action: string
}

export type Story = Map<string, readonly StoryLine[]>

const MOST_DEPTH = 8

/** A function that stands there again replaces the one before. */
export function readStory(file: { readonly name: string; readonly text: string }, shelf: Shelf, findings: Findings, into: Story = new Map(), depth = 0): Story {
  let lines: StoryLine[] | undefined
  for (const line of linesOf(file)) {
    const text = line.text.trim()
    const include = /^\.include<(.*)>/i.exec(text)?.[1]
    if (include !== undefined) {
      const other = depth < MOST_DEPTH ? shelf.open(include) : undefined
      if (other?.text === undefined) findings.lost(line, `\`${include}\` was not found`, 'name the folder in which it stands')
      else readStory({ name: other.name, text: other.text }, shelf, findings, into, depth + 1)
      continue
    }
    const match = /^(function|ifnot|if|end)\b\s*(?:\(([^)]*)\)\s*([^#]*))?/i.exec(text)
    if (match === null || text.startsWith('#')) continue
    const [, word = '', inside = '', action = ''] = match.map((part) => (part ?? '').toLowerCase().trim())
    if (word === 'function') {
      lines = []
      into.set(inside, lines)
    } else if (word === 'end') lines = undefined
    else {
      const [state = '', list = ''] = inside.split(',').map((part) => part.trim())
      const [, returns, name = ''] = /^(?:(returnif|return)\s+)?(.*)$/.exec(action) ?? []
      lines?.push({ line, not: word === 'ifnot', state, list, returns: returns === 'return' ? 'always' : returns === 'returnif' ? 'if-true' : 'no', action: name.trim() })
    }
  }
  return into
}

/** The order that versions 3 and 4 have built in. */
const BUILT_IN = `function(pre-authcheck)
if(clientin,bannedclient) return setblock
if(clientin,exceptionclient) return setexception
if(urlin,authexception) return setexception
function(checkrequest)
if(connect) return connectcheck
if(urlin,localexception) return setexception
if(urlin,localgrey) return setgrey
if(urlin,localbanned) return setblock
if(urlin,exception) return setexception
if(refererin,refererexception) return setexception
if(headerin,exceptionheader) return setexception
if(useragentin,exceptionuseragent) return setexception
if(urlin,grey) return setgrey
if(true) returnif blanketblock
if(urlin,banned) return setblock
if(useragentin,banneduseragent) return setblock
if(headerin,bannedheader) return setblock
if(fullurlin,change) setmodurl
if(fullurlin,redirect) setredirect
if(headerin,headermods) setmodheader
if(searchin,banned) return setblock
function(connectcheck)
if(sitein,bannedssl) return setblock
if(sitein,localexception) return setexception
if(sitein,localgreyssl) return setgrey
if(sitein,localbanned) return setblock
if(sitein,exception) return setexception
if(useragentin,exceptionuseragent) return setexception
if(sitein,greyssl) return setgrey
if(sitein,grey) return setgrey
if(true) returnif sslblanketblock
if(sitein,banned) return setblock
if(useragentin,banneduseragent) return setblock
function(checkresponse)
if(urlin,exceptionfile) return false
if(true) return checkfiletype
function(checkfiletype)
if(mimein,bannedmime) return setblock
if(extensionin,bannedextension) return setblock
`

const ONLY_THESE = `function(checkfiletype)
if(mimein,exceptionmime) return false
if(extensionin,exceptionextension) return false
if(true) return setblock
`

/** `blankets`: the words in its list of banned sites that close everything but what is excepted. */
export function builtInStory(name: string, blankets: ReadonlySet<string>, onlyThese: boolean, shelf: Shelf, findings: Findings): Story {
  const block = (all: string, numeric: string): string => (blankets.has(all) ? 'if(true) return setblock\n' : blankets.has(numeric) ? 'if(siteisip) return setblock\n' : '')
  const text = `${BUILT_IN}function(blanketblock)\n${block('**', '*ip')}function(sslblanketblock)\n${block('**s', '*ips')}${onlyThese ? ONLY_THESE : ''}`
  return readStory({ name, text }, shelf, findings)
}
