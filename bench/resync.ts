import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLinkClient, createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { formatTable } from '#lib/table'
import { freePorts, startModule } from '../test/drivers/process.ts'
import type { ModuleProcess } from '../test/drivers/process.ts'

const series = 100_000
const minutes = 240
/** What the sibling takes from a transfer meanwhile. */
const samplesPerSecond = 50_000
const batch = 1000
const quiet = createLogger('bench', { destination: { write: () => undefined } })

/**
 * A graph with a new disk copies the store of its sibling, which takes samples all the while: at the rate as shipped, and as
 * fast as it goes. The folder in RESYNC_STORE, when given, is copied instead of one that is filled for this.
 */
export async function run(): Promise<void> {
  const given = process.env['RESYNC_STORE']
  const folder = mkdtempSync(join(tmpdir(), 'resync-bench-'))
  const dir = given ?? join(folder, 'store')
  try {
    if (dir !== given) await fill(dir)
    const rows: string[][] = []
    for (const copyMegabytes of [32, 100_000]) rows.push(await measure(folder, dir, copyMegabytes))
    const head = [
      'rate',
      'store',
      'healthy after',
      'copied in',
      'copied at',
      "sibling's CPU",
      'before',
      'acknowledged in',
      'before',
      'RSS',
    ]
    console.log(formatTable(head, rows))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(dir: string): Promise<void> {
  const child = fork(new URL('growth/node.ts', import.meta.url), [dir, String(series), String(minutes)], {
    execArgv: ['--conditions=source', '--import', 'tsx'],
  })
  await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function measure(folder: string, dir: string, copyMegabytes: number): Promise<string[]> {
  const [linkA = 0, httpA = 0, linkB = 0, httpB = 0] = await freePorts(4)
  const at = (port: number) => ({ enabled: true, listen: `127.0.0.1:${port}` })
  const node = (name: string, link: number, http: number, storage: object) =>
    startModule({
      name: 'graph-query',
      folder: join(folder, name),
      httpPort: http,
      config: {
        rpc: at(link),
        http: at(http),
        query: { enabled: false },
        storage,
        node: 'g',
        cluster: { g: `127.0.0.1:${linkA},127.0.0.1:${linkB}` },
      },
    })
  const target = join(folder, `copy-${copyMegabytes}`)
  const sibling = await node('sibling', linkA, httpA, { dir, copyMegabytes })
  const intake = startIntake(linkA)
  let taker: ModuleProcess | undefined
  try {
    // What it has to write, merge and consolidate after its start is over by then.
    await sleep(20_000)
    const before = await during(sibling, intake, () => sleep(8000))
    const copied = await during(sibling, intake, async () => {
      taker = await node('taker', linkB, httpB, { dir: target })
    })
    const bytes = bytesIn(target)
    const copySeconds = secondsOfCopy(taker?.output() ?? '')
    const rate = copyMegabytes < 1000 ? `${copyMegabytes} MB/s` : 'no limit'
    return [
      rate,
      `${(bytes / 1e6).toFixed(0)} MB`,
      `${copied.seconds.toFixed(1)} s`,
      `${copySeconds.toFixed(1)} s`,
      `${(bytes / 1e6 / copySeconds).toFixed(0)} MB/s`,
      `${copied.cpu.toFixed(0)} %`,
      `${before.cpu.toFixed(0)} %`,
      `${copied.ackMs.toFixed(1)} ms`,
      `${before.ackMs.toFixed(1)} ms`,
      `${copied.residentMegabytes.toFixed(0)} (${before.residentMegabytes.toFixed(0)}) MB`,
    ]
  } finally {
    await intake.stop()
    await taker?.kill()
    await sibling.kill()
    rmSync(target, { recursive: true, force: true })
  }
}

/** From the log of the node that copies. */
function secondsOfCopy(output: string): number {
  const timeOf = (message: string) => {
    const line = output.split('\n').find((one) => one.includes(`"msg":"${message}`)) ?? '{}'
    return new Date((JSON.parse(line) as { time?: string | number }).time ?? NaN).getTime()
  }
  return (timeOf('the history is copied') - timeOf('copying the history')) / 1000
}

interface Intake {
  /** Milliseconds in which 99 of 100 batches since the last call were acknowledged. */
  acknowledgedIn(): number
  stop(): Promise<void>
}

/** Sends as a transfer does, at a steady rate. */
function startIntake(port: number): Intake {
  const addresses = [`127.0.0.1:${port}`]
  const client = createLinkClient({
    addresses,
    module: 'bench',
    connectTimeoutMs: 5000,
    ackTimeoutMs: 60_000,
    log: quiet,
  })
  const table = createSeriesTable()
  const known = Array.from({ length: series }, (_, i) =>
    table.intern(`host${Math.floor(i / 100)}.example`, `metric.number${i % 100}`, `device=sda${i % 3}`, 'GAUGE', 60),
  )
  let next = 0
  let taken: number[] = []
  const running = { isStopping: false }
  async function send(): Promise<void> {
    const columns = {
      count: batch,
      series: known.slice(next, next + batch),
      timestamps: new Float64Array(batch).fill(Math.floor(Date.now() / 1000)),
      values: new Float64Array(batch).fill(Math.random()),
    }
    next = (next + batch) % series
    const began = performance.now()
    await client.send(columns)
    taken.push(performance.now() - began)
  }
  async function pace(): Promise<void> {
    const began = performance.now()
    for (let sent = 0; !running.isStopping;) {
      const due = Math.floor(((performance.now() - began) / 1000) * (samplesPerSecond / batch))
      for (; sent < due; sent++) if (client.connected) void send().catch(() => undefined)
      await sleep(10)
    }
  }
  const pacing = pace()
  return {
    acknowledgedIn() {
      const times = taken.toSorted((a, b) => a - b)
      taken = []
      return times[Math.floor(times.length * 0.99)] ?? NaN
    },
    async stop() {
      running.isStopping = true
      await pacing
      await client.close()
    },
  }
}

async function during(module: ModuleProcess, intake: Intake, work: () => Promise<unknown>) {
  intake.acknowledgedIn()
  const cpu = cpuSeconds(module.pid)
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  const status = readFileSync(`/proc/${module.pid}/status`, 'utf8')
  return {
    seconds,
    cpu: ((cpuSeconds(module.pid) - cpu) / seconds) * 100,
    ackMs: intake.acknowledgedIn(),
    residentMegabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024,
  }
}

/** Of all threads. Linux counts in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function bytesIn(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0),
    0,
  )
}
