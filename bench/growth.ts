import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTable } from '#lib/table'
import { ask, built, endChild, startChild } from './child.ts'
import type { Reached } from './goals.ts'

/** Simulated minutes: enough for windows to be written, and with few series for segments to be merged. */
const sizes = [
  { series: 100_000, minutes: 150 },
  { series: 1_000_000, minutes: 20 },
  { series: 2_000_000, minutes: 20 },
]
const large = { series: 4_000_000, minutes: 13 }

/**
 * Graph's store from a hundred thousand series to two million (`-- growth --large`: four), each in a process of its own that is
 * killed in the end and opened again. CPU and memory are those of all its threads, upkeep included; `beyond empty` is without
 * what Node takes before it opens a store.
 */
export async function run(): Promise<Reached> {
  const rows: string[][] = []
  const reached: Reached = {}
  for (const { series, minutes } of process.argv.includes('--large') ? [...sizes, large] : sizes) {
    const dir = mkdtempSync(join(tmpdir(), 'growth-bench-'))
    try {
      const node = await start(dir, series, minutes)
      const taken = await ask<Figures>(node, 'measured')
      await endChild(node, 'SIGKILL')
      const again = await start(dir, series, 0)
      const reopened = await ask<Figures>(again, 'measured')
      await endChild(again, 'SIGKILL')
      rows.push(rowOf(series, minutes, taken, reopened))
      Object.assign(reached, reachedOf(series, taken, reopened))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  const goals = ['goal', '', '10 % at 2 M', '', '', '250 B', '', '', '5 s']
  console.log(
    formatTable(
      [
        'series',
        'CPU a sample',
        'two cores at 60 s',
        'heap',
        'of points',
        'resident',
        'beyond empty',
        'raw point',
        'after SIGKILL',
      ],
      [...rows, goals],
    ),
  )
  return reached
}

type Figures = Readonly<Record<string, number>>

/** What the goals are about. */
function reachedOf(series: number, taken: Figures, reopened: Figures): Reached {
  const { cpuMicros = NaN, rss = NaN, points = NaN } = taken
  if (series !== 2_000_000) return {}
  return {
    graphLoad: loadOf(series, cpuMicros / points),
    graphResident: rss / series,
    graphRestart: (reopened['openMs'] ?? NaN) / 1000,
  }
}

/** Percent of two cores that a sample a minute of each series takes. */
function loadOf(series: number, microsASample: number): number {
  return ((microsASample * series) / 60e6 / 2) * 100
}

function pointBytes(series: number, minutes: number, { segmentBytes = NaN, headBytes = NaN }: Figures): number {
  // Points in memory are those of windows that are not complete.
  return segmentBytes / (series * minutes - headBytes / 8)
}

function rowOf(series: number, minutes: number, taken: Figures, reopened: Figures) {
  const { cpuMicros = 0, heapUsed = 0, rss = 0, emptyRss = 0, points = 0, headBytes = 0 } = taken
  const micros = cpuMicros / points
  const bytes = (value: number) => `${(value / series).toFixed(0)} B`
  return [
    `${series / 1e6} M, ${minutes} min`,
    `${micros.toFixed(2)} µs`,
    `${loadOf(series, micros).toFixed(1)} %`,
    bytes(heapUsed),
    bytes(headBytes),
    bytes(rss),
    bytes(rss - emptyRss),
    `${pointBytes(series, minutes, taken).toFixed(2)} B`,
    `${((reopened['openMs'] ?? NaN) / 1000).toFixed(1)} s`,
  ]
}

async function start(dir: string, series: number, minutes: number): Promise<ChildProcess> {
  const file = built(new URL('growth/node.ts', import.meta.url))
  return (await startChild(file, [dir, String(series), String(minutes)], ['--expose-gc'])).child
}
