/** One series of a text in Prometheus' format. */
export interface ReadSeries {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** What the text says of it; undefined when it says nothing. */
  readonly type: string | undefined
}

const seriesLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Reads what it understands of a text in Prometheus' format; other lines are passed over. */
export function readExposition(text: string): ReadSeries[] {
  const types = new Map<string, string>()
  const series: ReadSeries[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) {
      const [, name, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? []
      if (name !== undefined && type !== undefined) types.set(name, type)
      continue
    }
    const [, name, labels = '', number = ''] = seriesLine.exec(line) ?? []
    if (name !== undefined)
      series.push({ name, labels: labelsOf(labels), value: numberOf(number), type: types.get(name) })
  }
  return series
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(text.matchAll(labelPair), ([, label = '', value = '']) => [
      label,
      value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    ]),
  )
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity
  return text === '-Inf' ? -Infinity : Number(text)
}
