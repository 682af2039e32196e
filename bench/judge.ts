import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createCounters } from '#lib/counters'
import { createLinkClient, createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { createIntake } from '../judge/engine/intake.ts'
import { restoreState } from '../judge/engine/restore.ts'
import type { Restored } from '../judge/engine/restore.ts'
import { buildRuleSet, emptyRuleSet } from '../judge/rules/rule-set.ts'
import { saveRules } from '../judge/rules/rules-file.ts'
import type { Reached } from './goals.ts'
import { endpointOf, hostCount, metricOf, seriesCount, strategies, strategyCount, valueOf } from './judge/fleet.ts'
import { judgeNaively } from './judge/naive.ts'

const batchSize = 2000
const rounds = 8
const log = createLogger('bench', { destination: { write: () => {} } })

/**
 * Judging 10 000 hosts × 20 strategies: in this process with the real journal, over the link in a process of its own, and
 * beside a naive judge. CPU is user and system time of whoever judges.
 */
export async function run(): Promise<Reached> {
  const dir = mkdtempSync(join(tmpdir(), 'judge-bench-'))
  try {
    console.log(`judge, ${hostCount} hosts × ${strategyCount} strategies, batches of ${batchSize}:`)
    const naive = judgeNaively(2, usedBytes)
    show('naive, no journal', naive.cpuMicros, `${naive.bytesPerSeries.toFixed(0)} B/series`)
    await inProcess(join(dir, 'in-process'))
    return { judgeMicros: await overTheLink(join(dir, 'link')) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function openState(dir: string): Promise<Restored> {
  const restored = await restoreState({
    dir,
    rulesFile: join(dir, 'rules.json'),
    settings: {
      remain: 11,
      historyLimit: 1000,
      minInterval: 300,
      staleAfterSeconds: 0,
      closeOnChange: true,
      sendEvents: false,
    },
    maxWaiting: 1000,
    counters: createCounters(),
    log,
    now: Date.now,
  })
  const hosts = Array.from({ length: hostCount }, (_, host) => ({
    hostname: endpointOf(host * strategyCount),
    strategies,
  }))
  const begin = performance.now()
  restored.state.rules = buildRuleSet({ hosts, expressions: [] }, emptyRuleSet, 1000)
  console.log(`  compiling the rules of all hosts took ${(performance.now() - begin).toFixed(0)} ms`)
  return restored
}

async function inProcess(dir: string): Promise<void> {
  const { state } = await openState(dir)
  const intake = createIntake(state)
  const table = createSeriesTable()
  const series = Array.from({ length: seriesCount }, (_, i) =>
    table.intern(endpointOf(i), metricOf(i), '', 'GAUGE', 60),
  )
  const before = usedBytes()
  const slots = series.map((one) => intake.define(one))
  const timestamps = new Float64Array(batchSize)
  const values = new Float64Array(batchSize)
  const round = async (number: number) => {
    for (let at = 0; at < seriesCount; at += batchSize) {
      timestamps.fill(1_700_000_000 + 60 * number)
      for (let i = 0; i < batchSize; i++) values[i] = valueOf(at + i, number)
      await intake.take({ count: batchSize, slots: slots.slice(at, at + batchSize), timestamps, values })
    }
  }
  await round(0)
  await round(1)
  const start = process.cpuUsage()
  for (let number = 2; number < 2 + rounds; number++) await round(number)
  const { user, system } = process.cpuUsage(start)
  const perSeries = (usedBytes() - before) / seriesCount
  const judged = state.counters.get('judged')
  if (judged !== (2 + rounds) * seriesCount) throw new Error(`${judged} of ${(2 + rounds) * seriesCount} were judged`)
  const notes = `${perSeries.toFixed(0)} B/series (176 are its 11 points), ${(state.journal.bytes / judged).toFixed(1)} B journal/sample`
  show('in process, with journal', (user + system) / (rounds * seriesCount), notes)
  state.journal.close()
}

async function overTheLink(dir: string): Promise<number> {
  const { state } = await openState(dir)
  await saveRules(join(dir, 'rules.json'), state.rules)
  const child = fork(new URL('./judge/process.ts', import.meta.url), [dir], {
    execArgv: ['--conditions=source', '--import', 'tsx'],
  })
  const ports = await answer<{ rpc: number; http: number }>(child)
  const link = createLinkClient({
    addresses: [`127.0.0.1:${ports.rpc}`],
    module: 'bench',
    connectTimeoutMs: 1000,
    ackTimeoutMs: 30_000,
    log,
  })
  const table = createSeriesTable()
  const series = Array.from({ length: seriesCount }, (_, i) =>
    table.intern(endpointOf(i), metricOf(i), '', 'GAUGE', 60),
  )
  while (!link.connected) await new Promise((resolve) => setTimeout(resolve, 5))
  const timestamps = new Float64Array(batchSize)
  const values = new Float64Array(batchSize)
  let under: Promise<unknown>[] = []
  const round = async (number: number) => {
    for (let at = 0; at < seriesCount; at += batchSize) {
      timestamps.fill(1_700_000_000 + 60 * number)
      for (let i = 0; i < batchSize; i++) values[i] = valueOf(at + i, number)
      under.push(link.send({ count: batchSize, series: series.slice(at, at + batchSize), timestamps, values }))
      if (under.length < 16) continue
      await Promise.all(under)
      under = []
    }
    await Promise.all(under)
  }
  await round(0)
  await round(1)
  const before = await usageOf(child)
  const begin = performance.now()
  for (let number = 2; number < 2 + rounds; number++) await round(number)
  const seconds = (performance.now() - begin) / 1000
  const after = await usageOf(child)
  const samples = rounds * seriesCount
  const cpu = after.usage.user + after.usage.system - before.usage.user - before.usage.system
  const notes = `${(samples / seconds / 1000).toFixed(0)} k/s acknowledged, ${(after.resident / 2 ** 20).toFixed(0)} MB resident`
  show('over the link, own process', cpu / samples, notes)
  const counters = await (await fetch(`http://127.0.0.1:${ports.http}/counter/all`)).text()
  if (!counters.includes(`"Name":"judged","Cnt":${(2 + rounds) * seriesCount},`))
    throw new Error(`not every sample was judged: ${counters}`)
  await link.close()
  const gone = once(child, 'exit')
  child.send('stop')
  await gone
  return cpu / samples
}

interface Usage {
  readonly usage: NodeJS.CpuUsage
  readonly resident: number
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  const answered = answer<Usage>(child)
  child.send('usage')
  return answered
}

async function answer<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T]
  return message
}

function show(name: string, cpuMicros: number, notes: string): void {
  const rate = `${(1 / cpuMicros).toFixed(2)} M/s/core`
  console.log(`  ${name.padEnd(28)} ${cpuMicros.toFixed(3).padStart(7)} µs CPU/sample ${rate.padStart(14)}  ${notes}`)
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use after a collection, typed arrays included. */
function usedBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
