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
  | 'victoriametricsMicros'
  | 'victoriametricsSeriesBytes'
  | 'victoriametricsPointBytes'

/** What benches measured, each figure with its date and command. */
export type Measured = Readonly<Record<FigureName, Figure>>

const document = new URL('../docs/scale.md', import.meta.url)
const capacityMarks = ['<!-- capacity: npm run bench -- capacity --write -->', '<!-- end of capacity -->'] as const
const enginesMarks = ['<!-- engines: npm run bench -- capacity --write -->', '<!-- end of engines -->'] as const

const samplesAMinute = [
  100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000,
]
const seriesPerHost = 100
const stepSeconds = 60
const rawDays = 30
const yearDays = 365
/** A machine of the table, and the share of it that is planned for: the rest is for queries, replays and a lost neighbour. */
const machine = { cores: 16, memoryBytes: 64 * 2 ** 30, share: 0.5 }

/** Prints the tables of docs/scale.md; with `--write` puts them there. */
export async function run(): Promise<void> {
  const measured = readMeasured()
  console.log(`${capacityTable(measured)}\n\n${enginesTable(measured)}`)
  if (!process.argv.includes('--write')) return
  writeFileSync(document, withTables(readFileSync(document, 'utf8'), measured))
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

/** The same for what keeps the series alone: graph-query's own store beside VictoriaMetrics, both with a year of history. */
export function enginesTable(measured: Measured): string {
  const { graphMicros, graphSeriesBytes, victoriametricsMicros, victoriametricsSeriesBytes } = measured
  const heading = ['samples a minute', 'cores: own store', 'VictoriaMetrics', 'memory: own store', 'VictoriaMetrics']
  heading.push('disk of a year: own store', 'VictoriaMetrics', 'machines: own store', 'VictoriaMetrics')
  const rows = samplesAMinute.map((samples) => {
    const series = seriesOf(samples)
    const cores = [graphMicros, victoriametricsMicros].map(({ value }) => coresFor(samples, value))
    const memory = [graphSeriesBytes, victoriametricsSeriesBytes].map(({ value }) => series * value)
    const ofPoints = (series * 86_400 * yearDays * measured.victoriametricsPointBytes.value) / stepSeconds
    const machines = cores.map((used, i) => machinesFor(used, memory[i] ?? 0))
    return [
      count(samples),
      ...cores.map((used) => used.toFixed(2)),
      ...memory.map(bytes),
      bytes(diskOf(series, measured).aYear),
      bytes(ofPoints),
      ...machines.map(String),
    ]
  })
  return alignedTable([heading, ...rows])
}

function seriesOf(samples: number): number {
  return (samples * stepSeconds) / 60
}

function coresFor(samples: number, micros: number): number {
  return ((samples / 60) * micros) / 1e6
}

function machinesFor(cores: number, memory: number): number {
  return Math.max(
    1,
    Math.ceil(cores / (machine.cores * machine.share)),
    Math.ceil(memory / (machine.memoryBytes * machine.share)),
  )
}

/** Of our own store: raw points for a month, coarser rows for a year. */
function diskOf(series: number, measured: Measured): { readonly aDay: number; readonly aYear: number } {
  const rawDay = (series * 86_400 * measured.rawPointBytes.value) / stepSeconds
  const archives = defaultArchives.filter(({ steps }) => steps > 1)
  const rowsADay = archives.reduce((total, { steps }) => total + 86_400 / (steps * stepSeconds), 0)
  const rowsKept = archives.reduce((total, { rows }) => total + rows, 0)
  return {
    aDay: rawDay + series * rowsADay * measured.archiveRowBytes.value,
    aYear: rawDay * rawDays + series * rowsKept * measured.archiveRowBytes.value,
  }
}

function rowOf(samples: number, measured: Measured): string[] {
  const series = seriesOf(samples)
  const cores = ({ value }: Figure) => coresFor(samples, value)
  const memory = (bytes: Figure) => series * bytes.value
  const busy = [measured.transferMicros, measured.judgeMicros, measured.graphMicros].map(cores)
  const held = [measured.transferSeriesBytes, measured.judgeSeriesBytes, measured.graphSeriesBytes].map(memory)
  const { aDay, aYear } = diskOf(series, measured)
  return [
    count(samples),
    count(series / seriesPerHost),
    ...busy.map((used) => used.toFixed(2)),
    ...held.map(bytes),
    bytes(aDay),
    bytes(aYear),
    String(machinesFor(sum(busy), sum(held))),
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

/** The document with both tables between their marks. @throws when a mark is missing */
export function withTables(text: string, measured: Measured): string {
  return between(between(text, capacityMarks, capacityTable(measured)), enginesMarks, enginesTable(measured))
}

function between(text: string, marks: readonly [string, string], table: string): string {
  const from = text.indexOf(marks[0])
  const to = text.indexOf(marks[1])
  if (from < 0 || to < from) throw new Error(`Cannot write the table: docs/scale.md must have ${marks.join(' and ')}`)
  return `${text.slice(0, from + marks[0].length)}\n\n${table}\n\n${text.slice(to)}`
}
