import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTable } from '#lib/table'

/** Simulated minutes: enough for windows to be written, and with few series for segments to be merged. */
const sizes = [
  { series: 100_000, minutes: 150 },
  { series: 1_000_000, minutes: 20 },
  { series: 2_000_000, minutes: 20 },
]
const large = { series: 4_000_000, minutes: 13 }

/**
 * Graph's store from a hundred thousand series to two million (`-- growth --large`: four), each in a process of its own that is
 * killed in the end and opened again. CPU and memory are those of all its threads, upkeep included.
 */
export async function run(): Promise<void> {
  const rows: string[][] = []
  for (const { series, minutes } of process.argv.includes('--large') ? [...sizes, large] : sizes) {
    const dir = mkdtempSync(join(tmpdir(), 'growth-bench-'))
    try {
      const node = await start(dir, series, minutes)
      const taken = await ask(node, 'measured')
      await kill(node)
      const again = await start(dir, series, 0)
      const reopened = await ask(again, 'measured')
      await kill(again)
      rows.push(rowOf(series, minutes, taken, reopened))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  const goals = ['goal', '', '10 % at 2 M', '', '', '250 B', '2 B', '5 s']
  console.log(
    formatTable(
      ['series', 'CPU a sample', 'two cores at 60 s', 'heap', 'of points', 'resident', 'raw point', 'after SIGKILL'],
      [...rows, goals],
    ),
  )
}

function rowOf(series: number, minutes: number, taken: Record<string, number>, reopened: Record<string, number>) {
  const { cpuMicros = 0, heapUsed = 0, rss = 0, segmentBytes = 0, points = 0, headBytes = 0 } = taken
  const micros = cpuMicros / points
  const bytes = (value: number) => `${(value / series).toFixed(0)} B`
  // Points in memory are those of windows that are not complete.
  const written = series * minutes - headBytes / 8
  return [
    `${series / 1e6} M, ${minutes} min`,
    `${micros.toFixed(2)} µs`,
    `${(((micros * series) / 60e6 / 2) * 100).toFixed(1)} %`,
    bytes(heapUsed),
    bytes(headBytes),
    bytes(rss),
    `${(segmentBytes / written).toFixed(2)} B`,
    `${((reopened['openMs'] ?? NaN) / 1000).toFixed(1)} s`,
  ]
}

async function start(dir: string, series: number, minutes: number): Promise<ChildProcess> {
  const child = fork(new URL('./growth/node.ts', import.meta.url), [dir, String(series), String(minutes)], {
    execArgv: ['--expose-gc', '--conditions=source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`Cannot measure ${series} series: the process left with ${code}`)
  })
  await Promise.race([once(child, 'message'), failed])
  failed.catch(() => undefined) // It is killed when it has been measured.
  return child
}

async function ask(child: ChildProcess, question: string): Promise<Record<string, number>> {
  child.send(question)
  const [answer] = (await once(child, 'message')) as [Record<string, number>]
  return answer
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
