import { createLinkClient, createSeriesTable } from '#lib/link'
import type { NumberedSeries } from '#lib/link'
import { createLogger } from '#lib/log'
import { createWriteEncoder, createWriteSeries, writeHeaders } from '#lib/remote-write'
import { seriesLabels } from '../../graph-query/victoriametrics/series-labels.ts'
import { seriesOf, stepSeconds, valueOf } from '../agent-data.ts'

/** Which series to write, and which minutes of them: the ends are not included. */
export interface WriteTask {
  readonly series: number
  readonly firstMinute: number
  readonly endMinute: number
}

export interface Written {
  readonly samples: number
  readonly seconds: number
  /** Of this process. */
  readonly cpuMicros: number
}

/**
 * Writes to one server, minute after minute, and waits for each acknowledgement: `writer.ts HOW WHERE SECONDS`. HOW is
 * `link` (WHERE is a port of this machine), `remote-write` or `import` (WHERE is a URL). Minute 0 is at SECONDS.
 */
const [, , how = '', where = '', start = ''] = process.argv
const batchSize = 5000
const underWay = 4
const table = createSeriesTable()
const known: NumberedSeries[] = []
const send = how === 'link' ? await linkSender() : httpSender(how === 'import' ? importBody() : remoteWriteBody())

process.on('message', (task: WriteTask) => {
  void write(task).then((written) => process.send?.(written))
})
process.send?.('ready')

async function write({ series, firstMinute, endMinute }: WriteTask): Promise<Written> {
  for (let i = known.length; i < series; i++) {
    const { endpoint, metric, tags, counterType } = seriesOf(i)
    known.push(table.intern(endpoint, metric, tags, counterType, stepSeconds))
  }
  const cpu = process.cpuUsage()
  const began = performance.now()
  const batches = batchesOf(series, firstMinute, endMinute)
  const lane = async () => {
    for (const batch of batches) await send(batch)
  }
  await Promise.all(Array.from({ length: underWay }, lane))
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - began) / 1000
  return { samples: series * (endMinute - firstMinute), seconds, cpuMicros: user + system }
}

interface Batch {
  readonly count: number
  readonly series: readonly NumberedSeries[]
  readonly timestamps: Float64Array
  readonly values: Float64Array
}

function* batchesOf(series: number, firstMinute: number, endMinute: number): Generator<Batch, void> {
  for (let minute = firstMinute; minute < endMinute; minute++)
    for (let from = 0; from < series; from += batchSize) {
      const some = known.slice(from, Math.min(series, from + batchSize))
      yield {
        count: some.length,
        series: some,
        timestamps: new Float64Array(some.length).fill(Number(start) + minute * stepSeconds),
        values: Float64Array.from(some, (_, i) => valueOf(from + i, minute)),
      }
    }
}

async function linkSender(): Promise<(batch: Batch) => Promise<unknown>> {
  const client = createLinkClient({
    addresses: [`127.0.0.1:${where}`],
    module: 'bench',
    connectTimeoutMs: 1000,
    ackTimeoutMs: 60_000,
    log: createLogger('bench', { destination: { write: () => undefined } }),
  })
  if (!client.connected) await new Promise<void>((resolve) => client.onConnect(resolve))
  return async (batch) => {
    const { taken } = await client.send(batch)
    if (taken !== batch.count) throw new Error(`Cannot measure: ${taken} of ${batch.count} samples were taken`)
  }
}

/** A body and its headers. */
type Encode = (batch: Batch) => readonly [body: Buffer | string, headers: Record<string, string>]

function httpSender(encode: Encode): (batch: Batch) => Promise<unknown> {
  return async (batch) => {
    const [body, headers] = encode(batch)
    const answer = await fetch(where, { method: 'POST', body, headers })
    if (!answer.ok) throw new Error(`Cannot measure: ${where} answers ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
}

/** With the labels that graph-query gives, which are encoded once. */
function remoteWriteBody(): Encode {
  const encode = createWriteEncoder()
  const labelled = keptBySeries((series) => createWriteSeries(seriesLabels(series)))
  return ({ count, series, timestamps, values }) => {
    const times = timestamps.map((seconds) => seconds * 1000)
    return [encode({ count, series: series.map(labelled), times, values }), writeHeaders]
  }
}

/** Lines of Prometheus' text format, the part before the value made once. */
function importBody(): Encode {
  const named = keptBySeries((series) => {
    const [name, ...labels] = seriesLabels(series)
    return `${name?.value}{${labels.map((label) => `${label.name}=${JSON.stringify(label.value)}`).join(',')}} `
  })
  return ({ series, timestamps, values }) => {
    const lines = series.map((one, i) => `${named(one)}${values[i]} ${(timestamps[i] ?? 0) * 1000}\n`)
    return [lines.join(''), { 'Content-Type': 'text/plain' }]
  }
}

function keptBySeries<T>(make: (series: NumberedSeries) => T): (series: NumberedSeries) => T {
  const kept: T[] = []
  return (series) => (kept[series.number] ??= make(series))
}
