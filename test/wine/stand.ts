import { spawn } from 'node:child_process'
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '#lib/module'
import { bundleAgent } from '../../agent/build/bundle.ts'
import { pinnedFile } from '../../agent/build/pinned-file.ts'
import { targets } from '../../agent/build/targets.ts'
import { winePrefix } from './prefix.ts'

/** A Windows for tests: Wine with a prefix of its own, and Node for Windows in a folder that both systems see. */
export interface WineStand {
  /** Bundles a source file and runs it with these arguments. Resolves to what it printed; rejects when it fails. */
  run(source: string, ...args: string[]): Promise<string>
  remove(): void
}

/** Packages are kept between runs in `dist-agent`: getting them takes a network. */
export async function openWine(): Promise<WineStand> {
  const home = join(projectRoot, 'dist-agent')
  const windows = targets.find((target) => target.name === 'agent.exe')
  if (!windows) throw new Error('Cannot test on Windows: no executable for it is known')
  const packages = join(home, 'packages')
  const [node, koffi] = await Promise.all([pinnedFile(windows.node, packages), pinnedFile(windows.koffi, packages)])
  const env = await winePrefix()
  const room = mkdtempSync(join(tmpdir(), 'wine-stand-'))
  const library = join(room, 'node_modules/koffi')
  mkdirSync(library, { recursive: true })
  copyFileSync(koffi, join(library, 'koffi.node'))
  writeFileSync(join(library, 'index.js'), "module.exports = require('./koffi.node')\n")
  return {
    async run(source, ...args) {
      const script = join(room, 'script.cjs')
      await bundleAgent(source, script)
      return await runNode(env, node, [script, ...args], room)
    },
    remove: () => rmSync(room, { recursive: true, force: true }),
  }
}

/** Node under Wine writes to files only: it cannot open the pipes of Linux. */
async function runNode(env: NodeJS.ProcessEnv, node: string, args: string[], room: string): Promise<string> {
  const [outFile, errorFile] = [join(room, 'stdout'), join(room, 'stderr')]
  const [out, error] = [openSync(outFile, 'w'), openSync(errorFile, 'w')]
  const child = spawn('wine', [node, ...args], { env, cwd: room, stdio: ['ignore', out, error] })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  }).finally(() => [out, error].forEach(closeSync))
  if (code !== 0) throw new Error(`It ended with ${code}: ${readFileSync(errorFile, 'utf8')}`)
  return readFileSync(outFile, 'utf8')
}
