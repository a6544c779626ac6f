// Which kernel and which tools are here, and whether the rules that we print are in words that they know. Danger prevented: rules that an
// older nft reads as something else, or a family that is left open because its tool is missing.
import { readFileSync } from 'node:fs'
import { runTool } from './tool.ts'
import type { Runner } from './tool.ts'

export type Backend = 'nft' | 'iptables'

export interface Tool {
  readonly name: string
  /** `1.0.6`; undefined: it is not there, or says something else */
  readonly version: string | undefined
  /** of iptables: `nf_tables` or `legacy` */
  readonly variant?: string
}

/** `tcp flags != syn / fin,...` is nft's since 1.0; masquerading in `inet` tables and `meta time` are the kernel's since 5.4. */
const NEEDS: Readonly<Record<Backend, { readonly tools: readonly string[]; readonly tool: string; readonly kernel: string }>> = {
  nft: { tools: ['nft'], tool: '1.0.0', kernel: '5.4' },
  iptables: { tools: ['iptables', 'ip6tables'], tool: '1.8.0', kernel: '4.14' },
}

export function kernelRelease(): string {
  try {
    return readFileSync('/proc/sys/kernel/osrelease', 'latin1').trim()
  } catch {
    return 'unknown'
  }
}

export async function toolVersion(name: string, run: Runner = runTool): Promise<Tool> {
  const { out, code } = await run(name, ['--version'])
  const found = code === 0 ? /\bv(\d+(?:\.\d+)+)\b(?:.*\((legacy|nf_tables)\))?/.exec(out) : null
  return { name, version: found?.[1], ...(found?.[2] === undefined ? {} : { variant: found[2] }) }
}

export function olderThan(version: string, least: string): boolean {
  const numbers = (text: string): number[] => (/^\d+(?:\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number)
  const own = numbers(version)
  for (const [index, wanted] of numbers(least).entries()) if ((own[index] ?? 0) !== wanted) return (own[index] ?? 0) < wanted
  return false
}

export function toolText({ name, version, variant }: Tool): string {
  return version === undefined ? `no ${name}` : `${name} ${version}${variant === undefined ? '' : ` (${variant})`}`
}

export interface Fitness {
  readonly tools: readonly Tool[]
  readonly kernel: string
  /** why rules cannot be printed for this machine; undefined: they can */
  readonly problem: string | undefined
}

export async function fitness(backend: Backend, run: Runner = runTool): Promise<Fitness> {
  const needs = NEEDS[backend]
  const kernel = kernelRelease()
  const tools = await Promise.all(needs.tools.map((name) => toolVersion(name, run)))
  const unfit = tools.some(({ version }) => version === undefined || olderThan(version, needs.tool)) || olderThan(kernel, needs.kernel)
  return {
    tools, kernel,
    problem: unfit ? `${tools.map(toolText).join(' and ')} with kernel ${kernel}: the rules need ${needs.tools.join(' and ')} ${needs.tool} and kernel ${needs.kernel}, or newer` : undefined,
  }
}
