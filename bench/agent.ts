import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMetricValues } from '#protocol'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { defineMethod, listenRpc } from '#lib/rpc'
import type { Reached } from './goals.ts'

/** Kernel clock ticks a second, as /proc counts them on every Linux that matters. */
const ticksPerSecond = 100
const sampleEveryMs = 5000
/** Starting costs more than an hour of running; it is shown by itself. */
const warmUpMs = 5000

export interface AgentBench {
  /** Default 10, or env `BENCH_AGENT_MINUTES`. */
  readonly minutes?: number
  /** Default 60, or env `BENCH_AGENT_STEP`. */
  readonly stepSeconds?: number
}

interface Reading {
  readonly atMs: number
  readonly cpuSeconds: number
  readonly residentMb: number
  readonly files: number
  readonly switches: number
}

/**
 * What an idle agent costs its host: the built agent (`npm run build`) collects, sends to a transfer in this process and
 * reports to an hbs there. Prints CPU in percent of one core, resident memory, open files and context switches.
 */
export async function run(options: AgentBench = {}): Promise<Reached> {
  const minutes = options.minutes ?? numberFrom('BENCH_AGENT_MINUTES', 10)
  const stepSeconds = options.stepSeconds ?? numberFrom('BENCH_AGENT_STEP', 60)
  const main = join(projectRoot, 'dist/agent/main.js')
  if (!existsSync(main)) throw new Error(`Cannot measure the agent: ${main} is missing, run npm run build first`)
  const home = mkdtempSync(join(tmpdir(), 'agent-bench-'))
  const received = { samples: 0 }
  const sink = await startSink(received)
  const address = `127.0.0.1:${sink.port}`
  const config = join(home, 'cfg.json')
  writeFileSync(
    config,
    JSON.stringify({
      heartbeat: { enabled: true, addr: address, interval: stepSeconds },
      transfer: { enabled: true, addrs: [address], interval: stepSeconds },
      http: { enabled: true, listen: '127.0.0.1:0' },
      collector: { ifacePrefix: ['eth', 'en'] },
      spool: { dir: join(home, 'spool') },
      dataDir: home,
    }),
  )
  const agent = spawn(process.execPath, [main, '--config', config], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => {
    agent.on('close', () => resolve())
  })
  try {
    await sleep(warmUpMs)
    const started = read(agent.pid ?? 0)
    const readings = [started]
    console.log(
      `agent at step ${stepSeconds} s for ${minutes} min; start cost ${started.cpuSeconds.toFixed(2)} s of CPU`,
    )
    const end = started.atMs + minutes * 60_000
    while (performance.now() < end) {
      await sleep(Math.min(sampleEveryMs, Math.max(1, end - performance.now())))
      readings.push(read(agent.pid ?? 0))
    }
    return report(readings, received.samples)
  } finally {
    agent.kill('SIGTERM')
    await ended
    await sink.close()
    rmSync(home, { recursive: true })
  }
}

/** A transfer and an hbs in one, which take everything and ask for nothing. */
function startSink(received: { samples: number }) {
  const fixed = (name: string, answer: unknown) =>
    defineMethod({ name, read: () => ({ ok: true, value: undefined }), handle: () => answer })
  return listenRpc({
    listen: '127.0.0.1:0',
    methods: [
      defineMethod({
        name: 'Transfer.Update',
        read: readMetricValues,
        handle(items: (ReceivedItem | null)[]) {
          received.samples += items.length
          return { Message: 'ok', Total: items.length, Invalid: 0, Latency: 0 }
        },
      }),
      fixed('Agent.ReportStatus', { code: 0 }),
      fixed('Agent.TrustableIps', ''),
      fixed('Agent.BuiltinMetrics', { Metrics: [], Checksum: '', Timestamp: 1 }),
    ],
    context: undefined,
    log: createLogger('bench', { destination: { write: () => undefined } }),
    counters: createCounters(),
  })
}

function read(pid: number): Reading {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    atMs: performance.now(),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentMb: number('VmRSS') / 1024,
    files: readdirSync(`/proc/${pid}/fd`).length,
    switches: number('voluntary_ctxt_switches') + number('nonvoluntary_ctxt_switches'),
  }
}

function report(readings: readonly Reading[], samples: number): Reached {
  const first = readings[0]
  const last = readings.at(-1)
  if (!first || !last || last === first) throw new Error('Cannot measure the agent: no time has passed')
  const seconds = (last.atMs - first.atMs) / 1000
  const resident = readings.map(({ residentMb }) => residentMb)
  const agentCpu = ((last.cpuSeconds - first.cpuSeconds) * 100) / seconds
  console.log(
    [
      `CPU ${agentCpu.toFixed(3)} % of a core`,
      `resident ${last.residentMb.toFixed(1)} MB at the end, ${Math.max(...resident).toFixed(1)} MB at most`,
      `${last.files} open files`,
      `${((last.switches - first.switches) / seconds).toFixed(1)} context switches/s`,
      `${samples} samples sent`,
    ].join(', '),
  )
  return { agentCpu, agentResident: last.residentMb }
}

function numberFrom(name: string, value: number): number {
  const text = process.env[name]
  return text === undefined || text === '' ? value : Number(text)
}
