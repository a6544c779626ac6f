// The files of cases, in the order of their rules.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CaseFile } from './case.ts'

const FOLDER = join(import.meta.dirname, 'cases')

export async function caseFiles(): Promise<CaseFile[]> {
  const files: CaseFile[] = []
  for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.ts')).sort()) {
    const { file } = (await import(join(FOLDER, name))) as { file: CaseFile }
    files.push(file)
  }
  return files
}
