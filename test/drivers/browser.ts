import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
const waitMs = 60_000

/** What a page became in a real browser: its document after its scripts ran, and what the browser complained about. */
export interface SeenPage {
  readonly document: string
  readonly complaints: readonly string[]
}

/** Opens a page in a browser without a window. Rejects when no browser is installed. */
export async function seePage(url: string, environment: Record<string, string> = {}): Promise<SeenPage> {
  const profile = mkdtempSync(join(tmpdir(), 'browser-'))
  const args = [
    ...['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`],
    ...['--enable-logging=stderr', '--log-level=0', '--dump-dom', url],
  ]
  try {
    for (const name of names) {
      try {
        const env = { ...process.env, ...environment }
        const { stdout, stderr } = await promisify(execFile)(name, args, { env, timeout: waitMs, maxBuffer: 2 ** 26 })
        return { document: stdout, complaints: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
    throw new Error(`Cannot open ${url}: none of ${names.join(', ')} is installed`)
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}
