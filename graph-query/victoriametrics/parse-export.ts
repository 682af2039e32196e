import type { LabelSet } from './series-labels.ts'

/**
 * Raw samples of one series, by rising time, each time once. The server keeps all values that came for one time and no
 * order among them; the largest counts, so that it is the same one in every answer.
 */
export interface ExportedSeries {
  readonly labels: LabelSet
  /** Unix seconds. */
  readonly times: readonly number[]
  readonly values: readonly number[]
}

interface Line {
  readonly metric: LabelSet
  readonly timestamps: readonly number[]
  readonly values: readonly number[]
}

/** Reads the lines of `/api/v1/export`. A series may take several lines. */
export function parseExport(text: string): ExportedSeries[] {
  const found = new Map<string, Line[]>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const parsed = JSON.parse(withInfinities(line)) as Line
    const key = JSON.stringify(parsed.metric)
    const lines = found.get(key)
    if (lines) lines.push(parsed)
    else found.set(key, [parsed])
  }
  return [...found.values()].map(joinLines)
}

/** Lines of one series come in any order. */
function joinLines(lines: readonly Line[]): ExportedSeries {
  const times: number[] = []
  const values: number[] = []
  for (const line of lines.toSorted((a, b) => (a.timestamps[0] ?? 0) - (b.timestamps[0] ?? 0)))
    for (const [i, milliseconds] of line.timestamps.entries()) {
      const time = milliseconds / 1000
      const value = line.values[i] ?? NaN
      if (times.at(-1) !== time) {
        times.push(time)
        values.push(value)
      } else if (value > (values.at(-1) ?? NaN)) values[values.length - 1] = value
    }
  return { labels: lines[0]?.metric ?? {}, times, values }
}

/** The server writes infinities in a way that is not JSON. Numbers beyond the range of doubles stand for them here. */
function withInfinities(line: string): string {
  const at = line.lastIndexOf('"values":[')
  const numbers = line.slice(at)
  if (!numbers.includes('Inf')) return line
  return line.slice(0, at) + numbers.replaceAll(/\+?Inf/g, '1e999')
}
