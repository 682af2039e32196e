import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startVictoriaMetrics } from '../../test/services/victoria-metrics.ts'
import type { VictoriaMetrics } from '../../test/services/victoria-metrics.ts'
import { built, endChild, startChild } from '../child.ts'
import { askGraphQuery, askVictoriaMetrics } from './questions.ts'
import type { Questions } from './questions.ts'

/** One way to keep the series, started for a bench on an empty folder. */
export interface Candidate {
  /** Arguments of the writer. */
  readonly writer: readonly string[]
  /** The process that keeps the series. */
  server(): number
  /** The one before it, where there is one. */
  between(): number | undefined
  /** Tells what time it is, in unix seconds. */
  setTime(seconds: number): void
  /** Resolves when all that was written is on the disk, and merged as far as that goes. */
  settle(): Promise<void>
  /** Bytes on the disk: of points as they came, and of all there is. */
  room(): { readonly points: number; readonly all: number }
  readonly questions: Questions
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>
  remove(): Promise<void>
}

interface Ports {
  readonly rpc: number
  readonly http: number
  readonly query: number
}

/** Our own store behind the link. */
export async function ownStore(dir: string, start: number): Promise<Candidate> {
  mkdirSync(dir, { recursive: true })
  let now = start
  let node = await startGraphQuery(dir, now)
  return {
    get writer() {
      return ['link', String(node.ports.rpc)]
    },
    server: () => node.child.pid ?? 0,
    between: () => undefined,
    setTime(seconds) {
      now = seconds
      node.child.send(now)
    },
    async settle() {
      // As if nothing came for some hours: windows are written, segments merged, rows of archives made.
      now += 3 * 3600
      node.child.send(now)
      let before = NaN
      for (let all = bytesBelow(dir); all !== before; all = bytesBelow(dir)) {
        before = all
        await sleep(2000)
      }
    },
    room: () => ({ points: bytesBelow(dir, /^1-.*\.seg$/), all: bytesBelow(dir, /^(?!.*\.wal$)/) }),
    questions: askGraphQuery(() => node.ports.query),
    stop: (signal) => endChild(node.child, signal),
    async start() {
      node = await startGraphQuery(dir, now)
    },
    async remove() {
      await endChild(node.child, 'SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** VictoriaMetrics behind graph-query. */
export async function behindGraphQuery(dir: string, start: number): Promise<Candidate> {
  mkdirSync(dir, { recursive: true })
  const direct = await victoriaMetrics('remote-write')
  let now = start
  let node = await startGraphQuery(dir, now, direct.url)
  return {
    ...direct,
    get writer() {
      return ['link', String(node.ports.rpc)]
    },
    between: () => node.child.pid,
    setTime(seconds) {
      now = seconds
      node.child.send(now)
    },
    questions: askGraphQuery(() => node.ports.query),
    async stop(signal) {
      // A kill is of the server alone; graph-query then writes again what the server had in memory.
      if (signal === 'SIGTERM') await endChild(node.child, signal)
      await direct.stop(signal)
    },
    async start() {
      await direct.start()
      if (node.child.exitCode !== null) node = await startGraphQuery(dir, now, direct.url)
    },
    async remove() {
      await endChild(node.child, 'SIGKILL')
      await direct.remove()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** VictoriaMetrics, written to and asked by this bench itself. */
export async function victoriaMetrics(how: 'remote-write' | 'import'): Promise<Candidate & { readonly url: string }> {
  const server = await startVictoriaMetrics(['-memory.allowedBytes=1GB', '-search.maxUniqueTimeseries=2000000'])
  const { url, folder } = server
  const path = how === 'import' ? '/api/v1/import/prometheus' : '/api/v1/write'
  return {
    url,
    writer: [how, `${url}${path}`],
    server: () => server.pid() ?? 0,
    between: () => undefined,
    setTime: () => undefined,
    settle: () => merge(server),
    room: () => ({ points: bytesBelow(join(folder, 'data/data')), all: bytesBelow(join(folder, 'data')) }),
    questions: askVictoriaMetrics(url),
    stop: (signal) => (signal === 'SIGKILL' ? server.kill() : server.stop()),
    start: () => server.start(),
    remove: () => server.remove(),
  }
}

async function startGraphQuery(dir: string, now: number, ...victoriametrics: string[]) {
  const file = built(new URL('graph-query.ts', import.meta.url))
  const { child, ready } = await startChild<Ports>(file, [dir, String(now), ...victoriametrics])
  return { child, ports: ready } satisfies { child: ChildProcess; ports: Ports }
}

/** Merges all parts of each partition into one, which no installation does by itself. */
async function merge(server: VictoriaMetrics): Promise<void> {
  await server.flush()
  await (await fetch(`${server.url}/internal/force_merge`)).arrayBuffer()
  const isMerging = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return !/^vm_active_force_merges 0$/m.test(text)
  }
  do await sleep(500)
  while (await isMerging())
}

/** Of the files in a folder and those below it whose names fit. */
function bytesBelow(dir: string, name = /^/): number {
  return readdirSync(dir, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return sum + bytesBelow(path, name)
    const size = name.test(entry.name) ? statSync(path, { throwIfNoEntry: false })?.size : undefined
    return sum + (size ?? 0)
  }, 0)
}
