import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createCounters } from '#lib/counters'
import type { DestinationPeer } from '#lib/delivery'
import { createLinkClient, createSeriesTable } from '#lib/link'
import type { SampleColumns } from '#lib/link'
import { createLogger } from '#lib/log'
import { createInfluxdbPeer } from '../transfer/sinks/influxdb.ts'
import { createRemoteWritePeer } from '../transfer/sinks/remote-write.ts'
import { createTransferPeer } from '../transfer/sinks/transfer.ts'
import { createTsdbPeer } from '../transfer/sinks/tsdb.ts'

const hosts = 25
const metricsPerHost = 200
const warmUpMs = 500
const measureMs = 2000

interface Ports {
  readonly link: number
  readonly http: number
  readonly telnet: number
  readonly rpc: number
}

interface Candidate {
  readonly name: string
  readonly peer: DestinationPeer & { close(): Promise<void> }
  /** Batches under way at once. */
  readonly window: number
}

/** Each sink sends to a peer in another process that only acknowledges, beside the link to graph. Asserts nothing. */
export async function run(): Promise<void> {
  const child = fork(new URL('./sinks/receiver.ts', import.meta.url), {
    execArgv: ['--conditions=source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [ports] = (await once(child, 'message')) as [Ports]
  const columns = sampleColumns()
  try {
    let linkNs = 0
    console.log(`sinks, batches of ${columns.count} samples of ${hosts} hosts, against the link to graph:`)
    console.log(line('', 'k samples/s', 'CPU ns/sample', 'CPU of link'))
    for (const { name, peer, window } of candidates(ports)) {
      const { perSecond, cpuNs } = await measure(peer, columns, window)
      await peer.close()
      if (name === 'link') linkNs = cpuNs
      console.log(line(name, perSecond.toFixed(0), cpuNs.toFixed(0), `${(cpuNs / linkNs).toFixed(1)}×`))
    }
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}

const line = (...[name = '', ...cells]: string[]) =>
  [name.padEnd(24), ...cells.map((text) => text.padStart(14))].join('  ')

function candidates({ link, http, telnet, rpc }: Ports): Candidate[] {
  const log = createLogger('bench', { destination: { write: () => undefined } })
  const context = { name: 'bench', counters: createCounters(), log }
  const limits = { batch: 5000, maxConns: 4, connectTimeoutMs: 2000, callTimeoutMs: 10_000 }
  const host = '127.0.0.1'
  return [
    {
      name: 'link',
      window: 4,
      peer: createLinkClient({
        addresses: [`${host}:${link}`],
        module: 'bench',
        connectTimeoutMs: 2000,
        ackTimeoutMs: 10_000,
        log,
      }),
    },
    {
      name: 'tsdb',
      window: 40,
      peer: createTsdbPeer({ ...context, ...limits, host, port: telnet, confirmAfterMs: 100 }),
    },
    {
      name: 'influxdb',
      window: 4,
      peer: createInfluxdbPeer({
        ...context,
        ...limits,
        address: `http://${host}:${http}`,
        db: 'falcon',
        username: '',
        password: '',
        precision: 's',
        org: '',
        bucket: '',
        token: '',
      }),
    },
    {
      name: 'p8s_relay',
      window: 4,
      peer: createRemoteWritePeer({
        ...context,
        ...limits,
        url: `http://${host}:${http}/api/v1/write`,
        username: '',
        password: '',
        token: '',
        names: 'verbatim',
      }),
    },
    {
      name: 'transfer, 200 a call',
      window: 4,
      peer: createTransferPeer({ ...context, ...limits, batch: 200, addresses: [`${host}:${rpc}`] }),
    },
  ]
}

/** As an agent's host has them: an endpoint's samples in a row, a third of them with tags, most values fractions. */
function sampleColumns(): SampleColumns {
  const table = createSeriesTable()
  const series = Array.from({ length: hosts * metricsPerHost }, (_, i) => {
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
    count: series.length,
    series,
    timestamps: new Float64Array(series.length).fill(1_700_000_040),
    values: Float64Array.from(series, (_, i) => (i % 4 === 0 ? i : Math.round(i * 137) / 100)),
  }
}

async function measure(peer: DestinationPeer, columns: SampleColumns, window: number) {
  if (!peer.connected) await new Promise<void>((resolve) => peer.onConnect(resolve))
  await sendFor(warmUpMs, peer, columns, window)
  const before = process.cpuUsage()
  const started = performance.now()
  const samples = await sendFor(measureMs, peer, columns, window)
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  return { perSecond: samples / seconds / 1000, cpuNs: ((user + system) * 1000) / samples }
}

/** Keeps a window of batches under way; returns how many samples were acknowledged. */
async function sendFor(ms: number, peer: DestinationPeer, columns: SampleColumns, window: number): Promise<number> {
  const end = performance.now() + ms
  let samples = 0
  const lane = async () => {
    while (performance.now() < end) {
      const { taken } = await peer.send(columns)
      samples += taken
    }
  }
  await Promise.all(Array.from({ length: window }, lane))
  return samples
}
