import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { projectRoot } from '#lib/module'
import { bundleAgent } from './bundle.ts'
import { makeExecutable } from './executable.ts'
import { pinnedFile } from './pinned-file.ts'
import { targets } from './targets.ts'
import type { Target } from './targets.ts'

const output = join(projectRoot, 'dist-agent')
const packages = join(output, 'packages')

try {
  await build(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`\nbuild:agent: ${(error as Error).message}\n`)
  process.exitCode = 1
}

/** `npm run build:agent [-- agent agent.exe]`: makes the executables named, or all. Both are made on Linux. */
async function build(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !targets.some((target) => target.name === name))
  if (unknown.length > 0)
    throw new Error(
      `There is no executable ${unknown.join(', ')}; there are ${targets.map(({ name }) => name).join(', ')}`,
    )
  const builder = targets.find(({ node }) => node.package.startsWith(`node-${process.platform}-${process.arch}@`))
  if (!builder) throw new Error(`Cannot build on ${process.platform} ${process.arch}; build on Linux x64`)
  const wanted = targets.filter(({ name }) => names.length === 0 || names.includes(name))
  mkdirSync(output, { recursive: true })
  const scratch = mkdtempSync(join(output, '.build-'))
  try {
    const main = join(scratch, 'agent.cjs')
    await step('Bundling the agent', () => bundleAgent(join(projectRoot, 'agent/main.ts'), main))
    const node = await step(`Node that makes them, ${builder.node.package}`, () => pinnedFile(builder.node, packages))
    const parts = await step('Parts that they are made of', () => Promise.all(wanted.map(partsOf)))
    await Promise.all(
      parts.map(async ({ name, assets, ...part }) => {
        const file = join(output, name)
        const room = join(scratch, `for-${name}`)
        mkdirSync(room)
        await makeExecutable({ main, assets, node: part.node }, node, file, room)
        const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
        writeFileSync(`${file}.sha256`, `${sum}  ${name}\n`)
        process.stdout.write(`Made ${relative(projectRoot, file)}, ${sizeOf(file)}\n`)
      }),
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function partsOf({ name, node, koffi }: Target) {
  const [nodeFile, koffiFile] = await Promise.all([pinnedFile(node, packages), pinnedFile(koffi, packages)])
  const assets = { 'koffi.node': koffiFile, 'cfg.example.json': join(projectRoot, 'agent/cfg.example.json') }
  return { name, node: nodeFile, assets }
}

/** Shows what is done and how long it took. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  process.stdout.write(`${title} ... `)
  const began = performance.now()
  const outcome = await work()
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(`${seconds} s\n`)
  return outcome
}

function sizeOf(file: string): string {
  return `${(readFileSync(file).length / 1e6).toFixed(1)} MB`
}
