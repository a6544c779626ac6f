// The picture of the HTML report that README shows: a school's month, made up, in the store; the report as the command makes it; Chromium without a window. Beside it, to look at: dark, and on paper.
// use: node test/report/picture.ts [REQUESTS [FOLDER]]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const [requests = '300000', folder = import.meta.dirname] = process.argv.slice(2)
const MAIN = join(import.meta.dirname, '../../src/main.ts')
const made = mkdtempSync(join(tmpdir(), 'greengate-picture-'))
const page = join(made, 'report.html')
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run', '--hide-scrollbars', '--force-device-scale-factor=1', `--user-data-dir=${join(made, 'profile')}`]

function chromium(...more: readonly string[]): void {
  execFileSync('chromium', [...FLAGS, ...more, `file://${page}`], { stdio: 'ignore', timeout: 300_000, env: { ...process.env, HOME: made } })
}

try {
  execFileSync(process.execPath, [join(import.meta.dirname, 'school.ts'), requests, 'store', join(made, 'store.db')])
  writeFileSync(page, execFileSync(process.execPath, [MAIN, 'report', '--store', join(made, 'store.db'), '--since', '2026-11-01T00:00:00Z', '--until', '2026-12-01T00:00:00Z', '--format', 'html'], { maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'] }))
  mkdirSync(folder, { recursive: true })
  // 0 is dark, 1 is light
  chromium('--blink-settings=preferredColorScheme=1', '--window-size=1200,1240', `--screenshot=${resolve(folder, 'report.png')}`)
  if (resolve(folder) !== import.meta.dirname) {
    chromium('--blink-settings=preferredColorScheme=0', '--window-size=1200,5200', `--screenshot=${resolve(folder, 'dark.png')}`)
    chromium('--blink-settings=preferredColorScheme=1', '--window-size=1200,5200', `--screenshot=${resolve(folder, 'long.png')}`)
    chromium('--no-pdf-header-footer', `--print-to-pdf=${resolve(folder, 'report.pdf')}`)
  }
} finally {
  rmSync(made, { recursive: true, force: true, maxRetries: 5 })
}
