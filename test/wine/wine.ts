import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

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
  const prefix = mkdtempSync(join(tmpdir(), 'falcon-wine-'))
  const { DISPLAY: _, ...inherited } = process.env
  const env = {
    ...inherited,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree=;mshtml=',
  }
  const silently = promisify(execFile)
  // What runs all the time keeps the session, and with it the services, alive between two programs.
  let holder: ChildProcess | undefined

  async function remove(): Promise<void> {
    holder?.kill('SIGKILL')
    await silently('wineserver', ['-k'], { env }).catch(() => undefined)
    await silently('wineserver', ['-w'], { env }).catch(() => undefined)
    rmSync(prefix, { recursive: true, force: true, maxRetries: 5 })
  }

  try {
    await silently('wine', ['wineboot', '-i'], { env, timeout: 120_000 })
    // By itself it is Windows 7, on which Node does not start.
    await silently('wine', ['winecfg', '-v', 'win10'], { env, timeout: 60_000 })
    holder = spawn('wine', ['cmd', '/c', 'pause'], { env, stdio: ['pipe', 'ignore', 'ignore'] })
  } catch (error) {
    await remove()
    throw new Error(`Cannot start Wine: ${(error as Error).message}. Install it: apt-get install wine64 wine`, {
      cause: error,
    })
  }

  return {
    // Node under Wine writes to files, not to pipes.
    run(program, ...args) {
      const file = join(prefix, `output-${Math.random()}`)
      const output = openSync(file, 'w')
      const child = spawn('wine', [program, ...args], { env, stdio: ['ignore', output, output], timeout: longestRunMs })
      closeSync(output)
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
    remove,
  }
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
