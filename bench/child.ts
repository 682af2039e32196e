import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { projectRoot } from '#lib/module'
import { moduleEnvironment } from '#lib/supervise'

/**
 * Starts a process of a bench as control starts modules, TypeScript from source and JavaScript as it is; resolves with its
 * first message, which says that it is ready.
 */
export async function startChild<Ready>(
  file: URL,
  args: readonly string[],
  nodeArguments: readonly string[] = [],
): Promise<{ child: ChildProcess; ready: Ready }> {
  const source = file.pathname.endsWith('.ts') ? ['--conditions=source', '--import', 'tsx'] : []
  const child = fork(file, args, {
    execArgv: [...nodeArguments, ...source],
    env: { ...moduleEnvironment, ...process.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`Cannot measure with ${file.pathname}: the process left with ${code}`)
  })
  failed.catch(() => undefined) // It may be killed once it has been measured.
  const [ready] = (await Promise.race([once(child, 'message'), failed])) as [Ready]
  return { child, ready }
}

/** A source file as `npm run build` made it: then nothing is in the memory of its process but what is shipped. */
export function built(file: URL): URL {
  const inProject = relative(projectRoot, fileURLToPath(file))
  return pathToFileURL(join(projectRoot, 'dist', inProject.replace(/ts$/, 'js')))
}

/** Sends a question; its answer is the next message. */
export async function ask<Answer>(child: ChildProcess, question: string | object): Promise<Answer> {
  child.send(question)
  const [answer] = (await once(child, 'message')) as [Answer]
  return answer
}

/** Ends a process with a signal, and waits for it. */
export async function endChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

const microsPerTick = 10_000

/** User and system time of all threads of a process since its start, in steps of 10 ms. */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick
}

export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
}
