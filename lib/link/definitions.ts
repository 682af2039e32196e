import type { CounterType, Series } from '#protocol'
import { FormatError } from './bytes.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/**
 * Series as bytes: each distinct text once, then per series its endpoint, metric and tags as positions among the
 * texts, its type and its step. Samples of many hosts share their metrics and tags, so a series takes some six bytes.
 */
export function writeSeries(writer: ByteWriter, series: readonly Series[]): void {
  const positions = new Map<string, number>()
  for (const { endpoint, metric, tags } of series) {
    if (!positions.has(endpoint)) positions.set(endpoint, positions.size)
    if (!positions.has(metric)) positions.set(metric, positions.size)
    if (!positions.has(tags)) positions.set(tags, positions.size)
  }
  writer.varint(positions.size)
  for (const text of positions.keys()) writer.text(text)
  writer.varint(series.length)
  for (const { endpoint, metric, tags, counterType, step } of series) {
    if (step >>> 0 !== step) throw new RangeError(`Cannot encode ${endpoint}/${metric}: its step is ${step}`)
    writer.varint(positions.get(endpoint) ?? 0)
    writer.varint(positions.get(metric) ?? 0)
    writer.varint(positions.get(tags) ?? 0)
    writer.u8(counterTypes.indexOf(counterType))
    writer.varint(step)
  }
}

/** Calls `each` for every series in order. Throws a FormatError on anything `writeSeries` would not write. */
export function readSeries(reader: ByteReader, each: (series: Series) => void): void {
  const texts: string[] = []
  for (let left = reader.varint(); left > 0; left--) texts.push(reader.text())
  const textAt = (position: number) => {
    const text = texts[position]
    if (text === undefined) throw new FormatError(`text ${position} of ${texts.length} is named`)
    return text
  }
  for (let left = reader.varint(); left > 0; left--) {
    const endpoint = textAt(reader.varint())
    const metric = textAt(reader.varint())
    const tags = textAt(reader.varint())
    const type = reader.u8()
    const counterType = counterTypes[type]
    if (counterType === undefined) throw new FormatError(`counter type ${type} is unknown`)
    const step = reader.varint()
    if (step === 0) throw new FormatError(`${endpoint}/${metric} has step 0`)
    each({ endpoint, metric, tags, counterType, step })
  }
}

/** In the order of their codes. */
const counterTypes: readonly CounterType[] = ['GAUGE', 'COUNTER', 'DERIVE']
