import { mkdir, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Logger } from '#lib/log'

export interface RepositorySettings {
  readonly enabled: boolean
  /** As configured; it appears in answers. */
  readonly dir: string
  readonly git: string
  readonly gitSeconds: number
}

/** The checkout that plugins come from. Both answer with `success` or with what went wrong, as `/plugin/*` shows it. */
export interface PluginRepository {
  /** Clones, or pulls when the directory is there. */
  update(): Promise<string>
  /** Throws local changes away; a missing directory has none. */
  reset(): Promise<string>
}

/**
 * Works on `settings().dir` below `root`, one operation at a time. The texts are Open-Falcon's, with git's own reason
 * behind. A directory that is no repository is never taken for a part of the one around it.
 */
export function createPluginRepository(options: {
  settings: () => RepositorySettings
  root: string
  /** What git may see of the environment. */
  env: Readonly<Record<string, string>>
  log: Logger
  /** Called after each success. */
  onChange: () => void
  /** Aborting ends what is under way. */
  stopping: AbortSignal
}): PluginRepository {
  const { settings, root, env, log, onChange, stopping } = options
  let busy = false

  async function git(baseDir: string, arguments_: string[], settings: RepositorySettings): Promise<void> {
    // Loaded when first needed: most agents never run git, and it costs megabytes.
    const { simpleGit } = await import('simple-git')
    const late = AbortSignal.timeout(settings.gitSeconds * 1000)
    try {
      await simpleGit({
        baseDir,
        abort: AbortSignal.any([late, stopping]),
        allowEnvironment: ['GIT_CEILING_DIRECTORIES', 'GIT_TERMINAL_PROMPT'],
        errors: (error, result) =>
          result.exitCode === 0 ? error : Buffer.from(`exit status ${result.exitCode}: ${lastWords(result.stdErr)}`),
      })
        .env({ ...env, GIT_TERMINAL_PROMPT: '0', GIT_CEILING_DIRECTORIES: dirname(baseDir) })
        .raw(arguments_)
    } catch (error) {
      if (stopping.aborted) throw new Error('the agent stops', { cause: error })
      if (late.aborted) throw new Error(`no end after ${settings.gitSeconds} s`, { cause: error })
      throw error
    }
  }

  /** Runs one operation; what it throws becomes the answer's `error:`. */
  async function run(work: (now: RepositorySettings, at: (what: string) => void) => Promise<void>): Promise<string> {
    const now = settings()
    if (!now.enabled) return 'plugin not enabled'
    let what = ''
    try {
      if (busy) throw new Error('another update or reset is under way')
      busy = true
      try {
        await work(now, (text) => {
          what = text
        })
      } finally {
        busy = false
      }
    } catch (error) {
      const reason = (error as Error).message
      log.warn({ dir: now.dir, reason }, 'plugin repository unchanged')
      return `${what}fail. error: ${reason}`
    }
    onChange()
    return 'success'
  }

  return {
    update: () =>
      run(async (now, at) => {
        const dir = resolve(root, now.dir)
        if (await exists(dir)) {
          at(`git pull in dir:${now.dir} `)
          // A pull in its two steps: giving up on it would end `git pull`, but not the fetch that it started.
          await git(dir, ['fetch'], now)
          await git(dir, ['merge', '@{upstream}'], now)
        } else {
          at(`git clone in dir:${dirname(now.dir)} `)
          if (now.git === '') throw new Error('plugin.git names no repository')
          await mkdir(dirname(dir), { recursive: true })
          await git(dirname(dir), ['clone', '--', now.git, basename(dir)], now)
        }
      }),
    reset: () =>
      run(async (now, at) => {
        const dir = resolve(root, now.dir)
        if (!(await exists(dir))) return
        at(`git reset --hard in dir:${now.dir} `)
        await git(dir, ['reset', '--hard'], now)
      }),
  }
}

/** Git's reason: its `fatal:` or `error:` line, else its last one. Credentials of an address are not repeated. */
function lastWords(stderr: readonly Buffer[]): string {
  const lines = Buffer.concat(stderr)
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
  const telling = lines.find((line) => /^(fatal|error):/.test(line)) ?? lines.at(-1) ?? 'git said nothing'
  return telling.slice(0, 300).replaceAll(/:\/\/[^/@\s]*@/g, '://***@')
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
