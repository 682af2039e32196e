import { execFile, execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectRoot } from '#lib/module'

/** A copy of the project in a folder of its own, installed and built, with every port moved to a free one. */
export interface Installation {
  readonly root: string
  /** Runs `./control` there; resolves with its exit code, whatever that is. */
  control(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** Writes `<module>/cfg.json`: the shipped example with `change` applied. */
  configure(module: string, change: (config: Record<string, unknown>) => void): void
  /** Processes that run from this folder, by command line. */
  processes(): string[]
  remove(): Promise<void>
}

/** Copies what git tracks (as it stands in the work tree) and the build; packages are shared through a link. */
export function createInstallation(): Installation {
  const root = mkdtempSync(join(tmpdir(), 'falcon-install-'))
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: projectRoot, encoding: 'utf8' }).split('\0')
  for (const file of tracked) {
    if (file === '' || file.startsWith('test/') || !existsSync(join(projectRoot, file))) continue
    mkdirSync(dirname(join(root, file)), { recursive: true })
    cpSync(join(projectRoot, file), join(root, file), { preserveTimestamps: true })
  }
  cpSync(join(projectRoot, 'dist'), join(root, 'dist'), { recursive: true, preserveTimestamps: true })
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))

  const run = (...words: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(join(root, 'control'), words, { cwd: tmpdir(), timeout: 120_000 }, (error, stdout, stderr) => {
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : 255) : 0, stdout, stderr })
      })
    })
  return {
    root,
    control: run,
    configure(module, change) {
      const own = join(root, module, 'cfg.json')
      const from = existsSync(own) ? own : join(root, module, 'cfg.example.json')
      const config = JSON.parse(readFileSync(from, 'utf8')) as Record<string, unknown>
      change(config)
      writeFileSync(own, JSON.stringify(config, undefined, 2))
    },
    processes: () => processesIn(root),
    async remove() {
      await run('stop')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Command lines of processes whose working directory is the folder. */
function processesIn(folder: string): string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const facts = execFileSync('readlink', [`/proc/${pid}/cwd`], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      if (facts.trim() === folder) found.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
    } catch {
      continue // It ended while we looked.
    }
  }
  return found
}
