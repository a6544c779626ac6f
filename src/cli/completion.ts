// `greengate completion SHELL`: what the shell types for one after TAB, made from the commands as they are.
import { Argument } from 'commander'
import type { Command } from 'commander'
import { SHELLS } from './completion-text.ts'
import { completionTree } from './completion-tree.ts'
import { sayRaw } from './say.ts'

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose').choices(Object.keys(SHELLS)))
    .description('print the completion for a shell: bash, zsh, fish')
    .addHelpText('after', `
Examples:
  $ eval "$(greengate completion bash)"
  $ greengate completion zsh > "\${fpath[1]}/_greengate"
  $ greengate completion fish > ~/.config/fish/completions/greengate.fish`)
    .action((shell: keyof typeof SHELLS) => {
      sayRaw(SHELLS[shell](completionTree(program)))
    })
}
