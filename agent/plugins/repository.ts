import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Logger } from '#lib/log'
import { discardChanges, isHalfReplaced, removeHalfDownloads, replaceFiles, restoreCheckout } from './checkout.ts'
import { createGit, withoutCredentials } from './git.ts'
import type { Git } from './git.ts'

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
  /** While it is true some files may be of one revision and some of another: nothing may be started. */
  isReplacing(): boolean
  /** To be called at the start: puts right what an agent left that was killed amid an update. */
  restore(): Promise<void>
}

/**
 * Works on `settings().dir` below `root`, one operation at a time. The texts are Open-Falcon's, with git's own reason
 * behind. A server that fails costs nothing but the try; the same reason is logged once.
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
  let replacing = false
  let loggedReason = ''
  const gitIn = (baseDir: string, now: RepositorySettings) =>
    createGit({ baseDir, seconds: now.gitSeconds, env, stopping })

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
      const reason = withoutCredentials((error as Error).message)
      if (reason !== loggedReason) log.warn({ dir: now.dir, reason }, 'plugin repository unchanged')
      loggedReason = reason
      return `${what}fail. error: ${reason}`
    }
    loggedReason = ''
    onChange()
    return 'success'
  }

  /** Nothing is started while `work` replaces files, nor later if that left a mixture. */
  async function replace(dir: string, work: () => Promise<void>): Promise<void> {
    replacing = true
    try {
      await work()
    } finally {
      replacing = await isHalfReplaced(dir)
    }
  }

  return {
    isReplacing: () => replacing,
    update: () =>
      run(async (now, at) => {
        const dir = resolve(root, now.dir)
        if (await exists(dir)) {
          at(`git pull in dir:${now.dir} `)
          const git = gitIn(dir, now)
          await replace(dir, () => restoreCheckout(dir, git))
          const work = await fetchNews(dir, git)
          if (work) await replace(dir, () => replaceFiles(dir, git, work))
        } else {
          at(`git clone in dir:${dirname(now.dir)} `)
          if (now.git === '') throw new Error('plugin.git names no repository')
          await mkdir(dirname(dir), { recursive: true })
          // Under another name until it is whole.
          const unfinished = `${dir}.unfinished`
          await rm(unfinished, { recursive: true, force: true })
          await gitIn(dirname(dir), now)(['clone', '--', now.git, basename(unfinished)])
          await rename(unfinished, dir)
        }
      }),
    reset: () =>
      run(async (now, at) => {
        const dir = resolve(root, now.dir)
        if (!(await exists(dir))) return
        at(`git reset --hard in dir:${now.dir} `)
        await replace(dir, () => discardChanges(dir, gitIn(dir, now), 'HEAD'))
      }),
    async restore() {
      const now = settings()
      const dir = resolve(root, now.dir)
      if (!now.enabled || !(await isHalfReplaced(dir))) return
      try {
        await replace(dir, () => restoreCheckout(dir, gitIn(dir, now)))
        log.warn({ dir: now.dir }, 'an update of the plugins had ended amid its work, undone')
      } catch (error) {
        log.error({ dir: now.dir, reason: (error as Error).message }, 'plugins are half updated, none is started')
      }
    },
  }
}

/**
 * Asks the server; resolves to what brings its commits in, undefined when there are none. Where the branch was written
 * anew on the server and here is no commit of our own, it is followed; otherwise it is merged, as `git pull` would.
 */
async function fetchNews(dir: string, git: Git): Promise<(() => Promise<unknown>) | undefined> {
  const known = await git(['rev-parse', '--quiet', '--verify', '@{upstream}']).catch(() => '')
  try {
    await git(['fetch', '--prune'])
  } catch (error) {
    await removeHalfDownloads(dir).catch(() => undefined)
    throw error
  }
  const [head = '', target = ''] = (await git(['rev-parse', 'HEAD', '@{upstream}'])).trim().split('\n')
  if (head === target) return undefined
  const isAncestor = (of: string) =>
    git(['merge-base', '--is-ancestor', 'HEAD', of]).then(
      () => true,
      () => false,
    )
  const hasOwnCommits = !(await isAncestor(target)) && (known === '' || !(await isAncestor(known.trim())))
  if (!hasOwnCommits) return () => git(['reset', '--keep', target])
  return () =>
    git(['merge', '--no-edit', target]).catch(async (error: unknown) => {
      // Files with marks of a conflict in them would be run; there may be no merge to abort.
      await git(['merge', '--abort']).catch(() => undefined)
      throw error
    })
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
