import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask as askChild, endChild, startChild } from './child.ts'
import type { Reached } from './goals.ts'

const processes = {
  load: new URL('./transfer-intake/load.ts', import.meta.url),
  transfer: new URL('./transfer-intake/transfer.ts', import.meta.url),
  sink: new URL('./transfer-intake/sink.ts', import.meta.url),
  jayson: new URL('./transfer-intake/jayson.ts', import.meta.url),
}
const connections = 50
const samplesPerCall = 200
const measureMs = 3000
/** Each connection has 4000 series. */
const memoryConnections = 125
const memorySeries = 500_000

/** What one run of the load against one server gave. */
interface Measured {
  readonly samplesPerSecond: number
  /** User and system time of the server's process. */
  readonly cpuMicrosPerSample: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly residentMb: number
  readonly note: string
}

/**
 * Intake of `Transfer.Update` over real sockets: our transfer, which hands every sample to a judge and a graph process
 * and answers when both have acknowledged it, beside a jayson TCP server that parses the same calls and counts them.
 */
export async function run(): Promise<Reached> {
  const ours = await measureTransfer()
  const reference = await measureJayson()
  const row = (name: string, { samplesPerSecond, cpuMicrosPerSample, p50Ms, p99Ms, residentMb, note }: Measured) =>
    [
      name.padEnd(34),
      `${(samplesPerSecond / 1000).toFixed(0)} k/s`.padStart(10),
      `${cpuMicrosPerSample.toFixed(2)} µs CPU`.padStart(13),
      `${(1 / cpuMicrosPerSample).toFixed(2)} M/s/core`.padStart(15),
      `p50 ${p50Ms.toFixed(1)} ms`.padStart(13),
      `p99 ${p99Ms.toFixed(1)} ms`.padStart(13),
      `${residentMb.toFixed(0)} MB`.padStart(8),
      note,
    ].join('  ')
  console.log(
    `transfer intake, ${samplesPerCall} samples a call, ${connections} connections, CPU of the server process:`,
  )
  console.log(row('transfer, 2 acknowledging peers', ours))
  console.log(row('jayson tcp, parse and count only', reference))
  const bytes = await seriesBytes()
  console.log(`resident memory of transfer for ${memorySeries} series: ${bytes.toFixed(0)} B a series`)
  return { transferPerCore: 1 / ours.cpuMicrosPerSample }
}

async function measureTransfer(): Promise<Measured> {
  return withTransfer(async (transfer, sinks) => {
    const measured = await measure(transfer)
    const received = await Promise.all(sinks.map(async (sink) => (await ask(sink.child, 'count'))['samples']))
    const { accepted = 0 } = await ask(transfer.child, 'count')
    const complete = received.every((samples) => samples === accepted)
    return {
      ...measured,
      note: complete ? 'every sample at both peers' : `LOST: ${accepted} taken, ${received.join(' and ')} arrived`,
    }
  })
}

/** What transfer's resident memory grows by when it has met all series twice, a series. */
async function seriesBytes(): Promise<number> {
  return withTransfer(async (transfer) => {
    const before = await ask(transfer.child, 'usage')
    const load = await start('load', String(transfer.port), String(memoryConnections), String(samplesPerCall))
    try {
      while (((await ask(load.child, 'rounds'))['rounds'] ?? 0) < 2) await pause(100)
      await ask(load.child, 'stop')
    } finally {
      await end(load.child)
    }
    const after = await ask(transfer.child, 'usage')
    return ((after['residentBytes'] ?? NaN) - (before['residentBytes'] ?? NaN)) / memorySeries
  })
}

type Started = Awaited<ReturnType<typeof start>>

/** Runs transfer with a judge and a graph that acknowledge. */
async function withTransfer<T>(work: (transfer: Started, sinks: readonly Started[]) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'transfer-bench-'))
  const judge = await start('sink')
  const graph = await start('sink')
  const transfer = await start('transfer', dir, String(judge.port), String(graph.port))
  try {
    return await work(transfer, [judge, graph])
  } finally {
    for (const { child } of [transfer, judge, graph]) await end(child)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measureJayson(): Promise<Measured> {
  const server = await start('jayson')
  try {
    return await measure(server)
  } finally {
    await end(server.child)
  }
}

async function measure(server: { child: ChildProcess; port: number }): Promise<Measured> {
  const load = await start('load', String(server.port), String(connections), String(samplesPerCall))
  try {
    // Until every series has been met twice: what is measured is the steady state.
    while (((await ask(load.child, 'rounds'))['rounds'] ?? 0) < 2) await pause(100)
    const before = await ask(server.child, 'usage')
    await ask(load.child, 'begin')
    await pause(measureMs)
    const { samples = 0, seconds = 1, p50 = 0, p99 = 0 } = await ask(load.child, 'end')
    const after = await ask(server.child, 'usage')
    const cpuMicros = (after['cpuMicros'] ?? 0) - (before['cpuMicros'] ?? 0)
    await ask(load.child, 'stop')
    return {
      samplesPerSecond: samples / seconds,
      cpuMicrosPerSample: cpuMicros / samples,
      p50Ms: p50,
      p99Ms: p99,
      residentMb: (after['residentBytes'] ?? 0) / 1e6,
      note: '',
    }
  } finally {
    await end(load.child)
  }
}

/** Starts a process of this bench; it tells the port it serves, or 0, once it is ready. */
async function start(name: keyof typeof processes, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const { child, ready } = await startChild<{ port: number }>(processes[name], args)
  return { child, port: ready.port }
}

const ask = (child: ChildProcess, question: string) => askChild<Record<string, number>>(child, question)
const end = (child: ChildProcess) => endChild(child, 'SIGTERM')

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
