import { readdirSync } from 'node:fs'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { createLinuxCollectors } from '../agent/collectors/linux/index.ts'
import { createLinuxHost } from '../agent/host/linux.ts'
import { createLastValues } from '../agent/last-values.ts'
import { createOwnRounds } from '../agent/rounds.ts'

/** A day at step 1; fewer with env `BENCH_AGENT_ROUNDS`. */
const rounds = Number(process.env['BENCH_AGENT_ROUNDS'] ?? 86_400)
const shown = 10

/** A day of collections one after the other, over the real /proc: what grows with them would show. */
export async function run(): Promise<void> {
  const counters = createCounters()
  const log = createLogger('bench', { destination: { write: (line) => process.stderr.write(line) } })
  let samples = 0
  const own = createOwnRounds({
    collectors: createLinuxCollectors(createLinuxHost({ root: '/' }), {
      ifacePrefix: [],
      ifaceInclude: ['*'],
      mountPoint: [],
      systemdUnits: [],
      ntpServers: false,
    }),
    slowCollectors: [],
    selfMetrics: () => [],
    settings: () => ({ stepSeconds: 1, endpoint: 'host', defaultTags: '', ignore: {} }),
    lastValues: createLastValues(300_000),
    hold: (items) => void (samples += items.length),
    counters,
    log,
    now: Date.now,
  })
  await own.prepare()
  const cpu = process.cpuUsage()
  for (let round = 1; round <= rounds; round++) {
    await own.collect(round * 1000)
    // Timers and closed handles get their turn, as between two real rounds.
    if (round % 100 === 0) await new Promise(setImmediate)
    if (round % Math.ceil(rounds / shown) === 0 || round === 100) show(round)
  }
  const { user, system } = process.cpuUsage(cpu)
  console.log(`${rounds} rounds, ${samples} samples, ${((user + system) / 1000 / rounds).toFixed(2)} ms of CPU a round`)
}

function show(round: number): void {
  globalThis.gc?.()
  const { heapUsed, rss, external } = process.memoryUsage()
  const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const handles = process.getActiveResourcesInfo().length
  const files = readdirSync('/proc/self/fd').length
  console.log(
    `  round ${round}: heap ${mb(heapUsed)} MB, outside ${mb(external)} MB, resident ${mb(rss)} MB, ${files} files, ${handles} handles`,
  )
}
