import { readFileSync, writeFileSync } from 'node:fs'
import { defaultArchives } from '../graph-query/store/layout.ts'

interface Figure {
  readonly value: number
}

type FigureName =
  | 'transferMicros'
  | 'judgeMicros'
  | 'graphMicros'
  | 'rawPointBytes'
  | 'archiveRowBytes'
  | 'transferSeriesBytes'
  | 'judgeSeriesBytes'
  | 'graphSeriesBytes'

/** What benches measured, each figure with its date and command. */
export type Measured = Readonly<Record<FigureName, Figure>>

const document = new URL('../docs/scale.md', import.meta.url)
const marks = ['<!-- capacity: npm run bench -- capacity --write -->', '<!-- end of capacity -->'] as const

const samplesAMinute = [
  100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000,
]
const seriesPerHost = 100
const stepSeconds = 60
const rawDays = 30
/** A machine of the table, and the share of it that is planned for: the rest is for queries, replays and a lost neighbour. */
const machine = { cores: 16, memoryBytes: 64 * 2 ** 30, share: 0.5 }

/** Prints the table of docs/scale.md; with `--write` puts it there. */
export async function run(): Promise<void> {
  const table = capacityTable(readMeasured())
  console.log(table)
  if (!process.argv.includes('--write')) return
  writeFileSync(document, withTable(readFileSync(document, 'utf8'), table))
  console.log('written to docs/scale.md')
}

export function readMeasured(): Measured {
  return JSON.parse(readFileSync(new URL('measured.json', import.meta.url), 'utf8')) as Measured
}

/** The markdown table: what so many samples a minute need, at a step of 60 s and the default archives. */
export function capacityTable(measured: Measured): string {
  const heading = [
    'samples a minute',
    'hosts',
    'cores: transfer',
    'judge',
    'graph',
    'memory: transfer',
    'judge',
    'graph',
    'disk a day',
    'disk after a year',
    'machines',
  ]
  const rows = samplesAMinute.map((samples) => rowOf(samples, measured))
  return alignedTable([heading, ...rows])
}

function rowOf(samples: number, measured: Measured): string[] {
  const series = (samples * stepSeconds) / 60
  const cores = (micros: Figure) => ((samples / 60) * micros.value) / 1e6
  const memory = (bytes: Figure) => series * bytes.value
  const busy = [measured.transferMicros, measured.judgeMicros, measured.graphMicros].map(cores)
  const held = [measured.transferSeriesBytes, measured.judgeSeriesBytes, measured.graphSeriesBytes].map(memory)
  const rawDay = (series * 86_400 * measured.rawPointBytes.value) / stepSeconds
  const archives = defaultArchives.filter(({ steps }) => steps > 1)
  const rowsADay = archives.reduce((sum, { steps }) => sum + 86_400 / (steps * stepSeconds), 0)
  const rowsKept = archives.reduce((sum, { rows }) => sum + rows, 0)
  const aDay = rawDay + series * rowsADay * measured.archiveRowBytes.value
  const aYear = rawDay * rawDays + series * rowsKept * measured.archiveRowBytes.value
  const machines = Math.max(
    1,
    Math.ceil(sum(busy) / (machine.cores * machine.share)),
    Math.ceil(sum(held) / (machine.memoryBytes * machine.share)),
  )
  return [
    count(samples),
    count(series / seriesPerHost),
    ...busy.map((used) => used.toFixed(2)),
    ...held.map(bytes),
    bytes(aDay),
    bytes(aYear),
    String(machines),
  ]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function count(number: number): string {
  return number >= 1e6 ? `${number / 1e6} M` : `${number / 1000} k`
}

function bytes(number: number): string {
  if (number >= 1e12) return `${(number / 1e12).toFixed(1)} TB`
  return number >= 1e9 ? `${(number / 1e9).toFixed(1)} GB` : `${(number / 1e6).toFixed(0)} MB`
}

/** As the formatter leaves it. */
function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

/** The document with the table between its marks. @throws when a mark is missing */
export function withTable(text: string, table: string): string {
  const from = text.indexOf(marks[0])
  const to = text.indexOf(marks[1])
  if (from < 0 || to < from) throw new Error(`Cannot write the table: docs/scale.md must have ${marks.join(' and ')}`)
  return `${text.slice(0, from + marks[0].length)}\n\n${table}\n\n${text.slice(to)}`
}
