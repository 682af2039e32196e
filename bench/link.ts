import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createLinkClient, createRecordEncoder, createSeriesTable, decodeRecord } from '#lib/link'
import type { SampleColumns } from '#lib/link'
import { createLogger } from '#lib/log'
import type { Series } from '#protocol'

const hosts = 40
const metricsPerHost = 200
const batchSize = hosts * metricsPerHost
const codecMs = 700
const streamMs = 2000
/** Batches sent and not yet acknowledged. */
const window = 8

interface Row {
  readonly what: string
  readonly link: number
  readonly json: number
  readonly unit: string
  /** Whether a smaller number is better. */
  readonly less: boolean
}

/**
 * The link beside the same samples as lines of JSON: packing and unpacking in one process, then acknowledged streams
 * between two. The packed form is a spool record, which defines its series anew each time; on the link that is done
 * once a connection. Prints a table, asserts nothing.
 */
export async function run(): Promise<void> {
  const columns = sampleColumns()
  const codec = measureCodec(columns)
  const receiver = await startReceiver()
  try {
    const link = await stream(receiver, 'link', columns)
    const json = await stream(receiver, 'json', columns)
    const rows: Row[] = [
      ...codec,
      {
        what: 'stream between two processes',
        link: link.perSecond,
        json: json.perSecond,
        unit: 'k samples/s',
        less: false,
      },
      { what: 'CPU of the sender', link: link.senderNs, json: json.senderNs, unit: 'ns/sample', less: true },
      { what: 'CPU of the receiver', link: link.receiverNs, json: json.receiverNs, unit: 'ns/sample', less: true },
    ]
    console.log(`link, batches of ${batchSize} samples of ${hosts} hosts, against lines of JSON:`)
    console.log(line('', 'link', 'JSON lines', '', 'ratio'))
    for (const { what, link, json, unit, less } of rows)
      console.log(line(what, shown(link), shown(json), unit, `${(less ? json / link : link / json).toFixed(1)}×`))
  } finally {
    receiver.child.kill('SIGTERM')
    await once(receiver.child, 'exit')
  }
}

const shown = (value: number) => value.toFixed(value < 100 ? 1 : 0)
const line = (what: string, link: string, json: string, unit: string, ratio: string) =>
  [what.padEnd(32), link.padStart(10), json.padStart(12), unit.padEnd(12), ratio.padStart(8)].join('  ')

function sampleColumns(): SampleColumns {
  const table = createSeriesTable()
  const series = Array.from({ length: batchSize }, (_, i) => {
    const metric = i % metricsPerHost
    const tags = metric % 3 === 0 ? `device=sd${String.fromCharCode(97 + (metric % 26))},mount=/data${metric % 10}` : ''
    return table.intern(
      `web-server-${Math.floor(i / metricsPerHost)}.example`,
      `disk.io.metric${metric}`,
      tags,
      'GAUGE',
      60,
    )
  })
  return {
    count: batchSize,
    series,
    timestamps: new Float64Array(batchSize).fill(1_700_000_040),
    values: Float64Array.from(series, (_, i) => i * 1.37),
  }
}

/** The samples as Open-Falcon's JSON-RPC carries them. */
function itemsOf({ series, timestamps, values }: SampleColumns) {
  return series.map(({ endpoint, metric, tags, counterType, step }, i) => ({
    endpoint,
    metric,
    value: values[i],
    step,
    counterType,
    tags,
    timestamp: timestamps[i],
  }))
}

function measureCodec(columns: SampleColumns): Row[] {
  const encode = createRecordEncoder()
  const table = createSeriesTable()
  const define = ({ endpoint, metric, tags, counterType, step }: Series) =>
    table.intern(endpoint, metric, tags, counterType, step)
  const record = encode(columns)
  const items = itemsOf(columns)
  const text = JSON.stringify(items)
  return [
    {
      what: 'pack, series defined each time',
      link: nsPerSample(() => encode(columns)),
      json: nsPerSample(() => Buffer.from(JSON.stringify(items))),
      unit: 'ns/sample',
      less: true,
    },
    {
      what: 'unpack, series defined each time',
      link: nsPerSample(() => decodeRecord(record, define)),
      json: nsPerSample(() => JSON.parse(text) as unknown),
      unit: 'ns/sample',
      less: true,
    },
    {
      what: 'size, series defined each time',
      link: record.length / batchSize,
      json: Buffer.byteLength(text) / batchSize,
      unit: 'bytes/sample',
      less: true,
    },
  ]
}

/** Median of several rounds. */
function nsPerSample(work: () => unknown): number {
  const rounds: number[] = []
  const end = performance.now() + codecMs
  while (performance.now() < end) {
    const started = performance.now()
    work()
    rounds.push(((performance.now() - started) * 1e6) / batchSize)
  }
  return rounds.toSorted((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN
}

interface Receiver {
  readonly child: ChildProcess
  readonly linkPort: number
  readonly jsonPort: number
}

async function startReceiver(): Promise<Receiver> {
  const child = fork(new URL('./link/receiver.ts', import.meta.url), {
    execArgv: ['--conditions=source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [ports] = (await once(child, 'message')) as [Omit<Receiver, 'child'>]
  return { child, ...ports }
}

async function stream(receiver: Receiver, wire: 'link' | 'json', columns: SampleColumns) {
  const sender = await (wire === 'link' ? linkSender(receiver.linkPort) : jsonSender(receiver.jsonPort))
  // Series are defined and code is compiled before the clock starts.
  await sendFor(200, () => sender.send(columns))
  const receiverBefore = await cpuOf(receiver.child)
  const senderBefore = process.cpuUsage()
  const started = performance.now()
  const samples = await sendFor(streamMs, () => sender.send(columns))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(senderBefore)
  const receiverMicros = (await cpuOf(receiver.child)) - receiverBefore
  await sender.close()
  return {
    perSecond: samples / seconds / 1000,
    senderNs: ((user + system) * 1000) / samples,
    receiverNs: (receiverMicros * 1000) / samples,
  }
}

/** Keeps a window of batches under way; returns how many samples were acknowledged. */
async function sendFor(ms: number, send: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + ms
  let batches = 0
  const lane = async () => {
    while (performance.now() < end) {
      await send()
      batches++
    }
  }
  await Promise.all(Array.from({ length: window }, lane))
  return batches * batchSize
}

async function linkSender(port: number) {
  const client = createLinkClient({
    addresses: [`127.0.0.1:${port}`],
    module: 'bench',
    connectTimeoutMs: 2000,
    ackTimeoutMs: 10_000,
    log: createLogger('bench', { destination: { write: () => undefined } }),
  })
  if (!client.connected) await new Promise<void>((resolve) => client.onConnect(resolve))
  return { send: (columns: SampleColumns) => client.send(columns), close: () => client.close() }
}

/** One line a batch, one line back for it. */
async function jsonSender(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const waiting: (() => void)[] = []
  socket.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) waiting.shift()?.()
  })
  return {
    send: (columns: SampleColumns) =>
      new Promise<void>((resolve) => {
        waiting.push(resolve)
        socket.write(`${JSON.stringify(itemsOf(columns))}\n`)
      }),
    async close() {
      socket.end()
      await once(socket, 'close')
    },
  }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [micros] = (await once(child, 'message')) as [number]
  return micros
}
