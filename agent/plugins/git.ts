import { dirname } from 'node:path'
import { runProgram } from '../run-program.ts'
import type { RunResult } from '../run-program.ts'

/** Calls git in a folder; resolves to what it prints. */
export type Git = (arguments_: readonly string[]) => Promise<string>

/** The list of changed files of a repository is the longest that is read. */
const maxAnswerBytes = 4 * 2 ** 20

/** What git says, and what that means for who runs an agent; only where git's own words leave it open. */
const meanings: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/spawn .*git ENOENT/, 'git is not installed'],
  [
    /could not read (?:Username|Password)|Authentication failed|Permission denied \(|requested URL returned error: 40[13]/,
    'the server wants a key or password that the user of the agent does not have',
  ],
  [/HEAD does not point to a branch/, 'no branch is checked out'],
  [
    /ambiguous argument '@\{upstream\}'|not stored as a remote-tracking branch|no upstream configured/,
    'its branch is gone from the server',
  ],
  [
    /not uptodate|would be overwritten|cannot do hard reset/i,
    'local changes are in the way, /plugin/reset throws them away',
  ],
  [/dubious ownership/, 'the directory belongs to another user than the agent runs as'],
  [/\.lock'?: File exists/, 'another git works there, or one that was killed left this file'],
  [/CONFLICT|Automatic merge failed/, 'local commits contradict those of the server'],
]

/**
 * Git in `baseDir`. A directory that is no repository is never taken for a part of the one around it, and nobody is asked
 * for a password. Rejects with git's exit status and reason, or that it took too long; then nothing of it goes on.
 */
export function createGit(options: {
  baseDir: string
  seconds: number
  /** What git may see of the environment. */
  env: Readonly<Record<string, string>>
  stopping: AbortSignal
}): Git {
  const { baseDir, seconds, env, stopping } = options
  return async (arguments_) => {
    const result = await runProgram({
      file: 'git',
      args: arguments_,
      cwd: baseDir,
      env: { ...env, GIT_TERMINAL_PROMPT: '0', GIT_CEILING_DIRECTORIES: dirname(baseDir), LC_ALL: 'C' },
      timeoutMs: seconds * 1000,
      maxOutputBytes: maxAnswerBytes,
      signal: stopping,
    })
    if (result.outcome === 'exited' && result.exit === 0) return result.stdout.toString()
    throw new Error(explained(reasonOf(result, seconds)))
  }
}

function reasonOf(result: RunResult, seconds: number): string {
  if (result.outcome === 'stopped') return 'the agent stops'
  if (result.outcome === 'timeout') return `no end after ${seconds} s`
  if (result.outcome !== 'exited') return result.reason ?? result.outcome
  return `exit status ${result.exit ?? 'unknown'}: ${lastWords(Buffer.concat([result.stderr, result.stdout]).toString())}`
}

/** Git's reason: its `fatal:` or `error:` line, else its last one; behind it what it leads to, or what ssh said before. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.find((line) => /^(?:fatal|error|CONFLICT)\b/.test(line)) ?? lines.at(-1) ?? 'git said nothing'
  const at = lines.indexOf(telling)
  const more = telling.endsWith(':') ? lines[at + 1] : /Could not read from remote/.test(telling) ? lines[at - 1] : ''
  return `${telling} ${more ?? ''}`.trim().slice(0, 300)
}

function explained(reason: string): string {
  const meaning = meanings.find(([said]) => said.test(reason))?.[1]
  return withoutCredentials(meaning === undefined ? reason : `${reason} (${meaning})`)
}

/** A text in which addresses do not say who may read them. */
export function withoutCredentials(text: string): string {
  return text
    .replaceAll(/:\/\/[^/@\s]*@/g, '://***@')
    .replaceAll(/([?&][^=&\s]*(?:token|password|secret|key)[^=&\s]*=)[^&\s'"]*/gi, '$1***')
}
