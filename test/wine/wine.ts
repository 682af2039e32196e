import { execFile, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { winePrefix } from './prefix.ts'

/** A Windows of its own, without a screen: programs see the files and the network of this machine. */
export interface Wine {
  /** Runs a program to its end. */
  run(program: string, ...args: string[]): Promise<{ code: number | null; output: string }>
  /** Processes of this Windows whose command line contains the text, by the pid they have here. */
  pids(commandLine: string): number[]
  /** Ends all of it. */
  remove(): Promise<void>
}

/** What a program may take before it is ended. */
const longestRunMs = 90_000

/** Rejects when Wine is not installed: these tests never pass without it. */
export async function startWine(): Promise<Wine> {
  const env = await winePrefix()
  const prefix = env.WINEPREFIX
  const output = mkdtempSync(join(tmpdir(), 'falcon-wine-'))
  // What runs all the time keeps the session, and with it the services, alive between two programs.
  const holder = spawn('wine', ['cmd', '/c', 'pause'], { env, stdio: ['pipe', 'ignore', 'ignore'] })

  return {
    // Node under Wine writes to files, not to pipes.
    run(program, ...args) {
      const file = join(output, 'of-a-run')
      const written = openSync(file, 'w')
      const child = spawn('wine', [program, ...args], {
        env,
        stdio: ['ignore', written, written],
        timeout: longestRunMs,
      })
      closeSync(written)
      return new Promise((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code) => {
          // Wine speaks of drives of this machine that it may not look at.
          const lines = readFileSync(file, 'utf8').replaceAll('\r', '').split('\n')
          resolve({ code, output: lines.filter((line) => !line.startsWith('wine: ')).join('\n') })
        })
      })
    },
    pids: (commandLine) =>
      readdirSync('/proc')
        .filter((name) => isOurs(name, prefix, commandLine))
        .map(Number),
    async remove() {
      holder.kill('SIGKILL')
      await wineserver('-k', env)
      await wineserver('-w', env)
      rmSync(output, { recursive: true, force: true })
    },
  }
}

/** Its code says whether there was a session to end. */
function wineserver(option: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve) => {
    execFile('wineserver', [option], { env }, () => resolve())
  })
}

function isOurs(pid: string, prefix: string, commandLine: string): boolean {
  if (!/^\d+$/.test(pid)) return false
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(commandLine) &&
      readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`WINEPREFIX=${prefix}`)
    )
  } catch {
    return false // Gone, or not ours to look at.
  }
}
