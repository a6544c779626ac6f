// The completion of each shell, as text. Danger prevented: a description with a quote in it that a shell runs: whatever is written stands in single quotes.
import { everyCommand } from './completion-tree.ts'
import type { CommandNode, OptionNode } from './completion-tree.ts'

const HEAD = '# Made by `greengate completion`, from its commands.'

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function short(description: string): string {
  const end = description.search(/[;(:]/)
  return (end < 0 ? description : description.slice(0, end)).trim()
}

/** `case` patterns that follow the words down to the command. */
function steps(tree: CommandNode): string {
  return everyCommand(tree).filter(({ path }) => path !== '').map(({ path }) => `'/${path}'`).join('|')
}

/** What follows an option that wants a value: a line of `case` for each kind. */
function values(tree: CommandNode, line: (patterns: string, option: OptionNode) => string): string {
  return everyCommand(tree).flatMap(({ path, options }) => options.filter(({ value }) => value !== 'none').map((option) => line(option.names.map((name) => quoted(`${path} ${name}`)).join('|'), option))).join('\n')
}

function bash(tree: CommandNode): string {
  const words = (node: CommandNode): string => [...node.commands.map(({ name }) => name), ...node.choices].join(' ')
  return `${HEAD} For bash: eval "$(greengate completion bash)"
_greengate() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' i words='' options='' files=''
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
      ${steps(tree)}) at="$at/\${COMP_WORDS[i]}" ;;
    esac
  done
  at=\${at#/}
  case "$at $prev" in
${values(tree, (patterns, { value, choices }) => `    ${patterns}) ${choices.length > 0 ? `words=${quoted(choices.join(' '))}` : value === 'file' ? 'files=1' : 'return'} ;;`)}
    *) case "$at" in
${everyCommand(tree).map((node) => `      ${quoted(node.path)}) words=${quoted(words(node))} options=${quoted(node.options.map(({ names }) => names[0] ?? '').join(' '))} files=${node.files ? '1' : ''} ;;`).join('\n')}
    esac ;;
  esac
  case "$cur" in -*) words=$options files='' ;; esac
  local IFS=$' \\t\\n' word
  for word in $words; do case "$word" in "$cur"*) COMPREPLY+=("$word") ;; esac; done
  if [ -n "$files" ]; then
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _greengate greengate
`
}

function zsh(tree: CommandNode): string {
  // a colon parts word and description
  const described = (word: string, description: string): string => quoted(`${word.replaceAll(':', '\\:')}:${short(description).replaceAll('\\', '')}`)
  const lines = everyCommand(tree).map((node) => {
    const commands = [...node.commands.map(({ name, description }) => described(name, description)), ...node.choices.map((each) => described(each, each))].join(' ')
    const options = node.options.map(({ names, description }) => described(names[0] ?? '', description)).join(' ')
    return `      ${quoted(node.path)}) commands=(${commands}) options=(${options}) files=${node.files ? '1' : "''"} ;;`
  })
  return `#compdef greengate
${HEAD} For zsh: into a folder of $fpath as _greengate, or eval "$(greengate completion zsh)" after compinit
_greengate() {
  local at='' i files='' prev="\${words[CURRENT-1]}"
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at/\${words[i]}" in
      (${steps(tree)}) at="$at/\${words[i]}" ;;
    esac
  done
  at="\${at#/}"
  case "$at $prev" in
${values(tree, (patterns, { value, choices }) => `    (${patterns}) ${choices.length > 0 ? `commands=(${choices.map((each) => described(each, each)).join(' ')})` : value === 'file' ? 'files=1' : 'return 0'} ;;`)}
    (*) case "$at" in
${lines.map((line) => line.replace(/^( {6})/, '$1(')).join('\n')}
    esac ;;
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then _describe -o option options; return; fi
  (( \${#commands} )) && _describe command commands
  [[ -n "$files" ]] && _files
  return 0
}
if [ "\${funcstack[1]}" = _greengate ]; then _greengate "$@"; else compdef _greengate greengate; fi
`
}

function fish(tree: CommandNode): string {
  const lines: string[] = []
  for (const node of everyCommand(tree)) {
    const here = `-n ${quoted(`test (__greengate_at) = '/${node.path}'`.replaceAll("'", '"'))}`
    for (const { name, description } of node.commands) lines.push(`complete -c greengate ${here} -f -a ${name} -d ${fished(short(description))}`)
    for (const each of node.choices) lines.push(`complete -c greengate ${here} -f -a ${each}`)
    if (node.files) lines.push(`complete -c greengate ${here} -F`)
    for (const { names, description, value, choices } of node.options) {
      const words = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
      const takes = value === 'none' ? '' : choices.length > 0 ? ` -x -a ${fished(choices.join(' '))}` : value === 'file' ? ' -r -F' : ' -x'
      lines.push(`complete -c greengate ${here} ${words}${takes} -d ${fished(short(description))}`)
    }
  }
  return `${HEAD} For fish: greengate completion fish | source
complete -c greengate -f
function __greengate_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at/$word"
      case ${everyCommand(tree).filter(({ path }) => path !== '').map(({ path }) => `'/${path}'`).join(' ')}
        set at "$at/$word"
    end
  end
  test -z "$at"; and set at /
  echo $at
end
${lines.join('\n')}
`
}

/** fish knows two escapes within single quotes. */
function fished(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

export const SHELLS = { bash, zsh, fish } as const
