import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { freePorts, until } from '../drivers/process.ts'

/**
 * What a container runtime does, without root: processes, mounts and files of its own, and the root of the host below
 * `host`. The folder `data` is empty in there, and full on the host.
 */
const enter = `
  mount --rbind / "$1/host" && mount -t tmpfs inside "$1/data" && mount -t proc proc /proc || exit 9
  shift
  exec "$@"
`
const namespaces = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child']

let root: string
let configFile: string
let port = 0
let onHost: ChildProcess
const children: ChildProcess[] = []
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'container-'))
  for (const folder of ['host', 'data']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'data/a'), 'x'.repeat(1000))
  writeFileSync(join(root, 'data/b'), 'x'.repeat(234))
  symlinkSync(join(root, 'data'), join(root, 'link'))
  ;[port = 0] = await freePorts(1)
  const checks = [
    { metric: 'file.count', tags: `path=${root}/link/*` },
    { metric: 'du.bs', tags: `path=${root}/link/a` },
    { metric: 'proc.num', tags: `cmdline=${root}/host-process` },
  ]
  configFile = join(root, 'agent.json')
  const config = {
    hostRoot: join(root, 'host'),
    transfer: { enabled: true, addrs: ['127.0.0.1:1'], interval: 1 },
    http: { enabled: true, listen: `127.0.0.1:${port}` },
    dataDir: join(root, 'agent'),
    spool: { dir: join(root, 'spool') },
    collector: { ifaceInclude: ['*'] },
    checks,
  }
  writeFileSync(configFile, JSON.stringify(config))
  onHost = spawn('sh', ['-c', 'read wait', `${root}/host-process`], { stdio: ['pipe', 'ignore', 'inherit'] })
  children.push(onHost)
})
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(root, { recursive: true })
})

/** Arguments of `unshare` that run the agent in the container; `more` are further namespaces. */
function inContainer(more: readonly string[], ...argv: string[]): string[] {
  const agent = [process.execPath, 'dist/agent/main.js', ...argv, '--config', configFile]
  return [...namespaces, ...more, 'sh', '-c', enter, 'sh', root, ...agent]
}

/** What a command of the agent prints in a container that has no network but its own, whatever its exit code. */
function printed(...argv: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = inContainer(['--net'], ...argv)
    execFile('unshare', args, { cwd: projectRoot, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error?.code === 9) reject(new Error(`Cannot make the container: ${stderr}`))
      else resolve(stdout)
    })
  })
}

/** Values of a metric in a printed table, by their tags. */
function valuesOf(table: string, metric: string): Map<string, number> {
  const rows = table.matchAll(/^(\S+) +(\S*?) *(?:GAUGE|COUNTER) +(\S+)/gm)
  return new Map([...rows].flatMap(([, name, tags = '', value]) => (name === metric ? [[tags, Number(value)]] : [])))
}

test('from a container without network the file systems, interfaces and memory of the host are told', async () => {
  const table = await printed('--check')
  const interfaces = readFileSync('/proc/net/dev', 'utf8').match(/^ *[^ :]+(?=:)/gm) ?? []
  expect([...valuesOf(table, 'net.if.in.bytes').keys()].toSorted()).toEqual(
    interfaces.map((name) => `iface=${name.trim()}`).toSorted(),
  )
  const sizes = valuesOf(table, 'df.bytes.total')
  const { blocks, bsize } = statfsSync('/')
  const ofRoot = [...sizes].find(([tags]) => /(?:^|,)mount=\/(?:,|$)/.test(tags))
  expect(ofRoot?.[1], table).toBe(blocks * bsize)
  expect([...sizes.keys()].filter((tags) => tags.includes(root))).toEqual([])
  const total = /^MemTotal: +(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  expect([...valuesOf(table, 'mem.memtotal').values()]).toEqual([Number(total) * 1024])
})

test('checks of a container look at files, folders and processes of the host, by the paths they have there', async () => {
  const values = async (metric: string) => [...valuesOf(await printed('check', metric), metric).values()]
  expect(await values('file.count')).toEqual([2])
  expect(await values('du.bs')).toEqual([1000])
  expect(await values('proc.num')).toEqual([1])
})

test('an agent that runs in a container shows the host, and stops in good order', async () => {
  const agent = spawn('unshare', inContainer([]), { cwd: projectRoot, stdio: 'inherit' })
  children.push(agent)
  const page = async () => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/`)).text()
    } catch {
      return '' // Not listening yet.
    }
  }
  const isWhole = (text: string) => ['df.bytes.total', 'file.count', 'mount=/'].every((part) => text.includes(part))
  const text = await until('values of the host', page, isWhole, 120_000)
  expect(text).not.toContain(`mount=${root}`)
  await fetch(`http://127.0.0.1:${port}/exit`, { method: 'POST' })
  const [code] = (await once(agent, 'exit')) as [number | null]
  expect(code).toBe(0)
})
