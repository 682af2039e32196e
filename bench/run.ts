import { run as agent } from './agent.ts'
import { run as alarm } from './alarm.ts'
import { run as agentDay } from './agent-day.ts'
import { run as capacity } from './capacity.ts'
import { run as fullPath } from './full-path.ts'
import { goalsTable } from './goals.ts'
import type { Reached } from './goals.ts'
import { run as graph } from './graph.ts'
import { run as growth } from './growth.ts'
import { run as index } from './index.ts'
import { run as judge } from './judge.ts'
import { run as link } from './link.ts'
import { run as query } from './query.ts'
import { run as resync } from './resync.ts'
import { run as sinks } from './sinks.ts'
import { run as transferIntake } from './transfer-intake.ts'
import { run as victoriametrics } from './victoriametrics.ts'

/**
 * Each prints its own table and gives what it has measured of the goals, which are shown together in the end.
 * `npm run bench`, or `npm run bench -- judge link` for some of them.
 */
const benches: Readonly<Record<string, () => Promise<Reached | void>>> = {
  link,
  'transfer-intake': transferIntake,
  judge,
  alarm,
  graph,
  growth,
  index,
  query,
  victoriametrics,
  resync,
  'full-path': fullPath,
  sinks,
  agent,
  'agent-day': agentDay,
  capacity,
}

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const unknown = chosen.filter((name) => !(name in benches))
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown.join('", "')}"; there are ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}
const reached: Reached = {}
const failed: string[] = []
for (const [name, run] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  process.stdout.write(`\n== ${name}\n`)
  try {
    Object.assign(reached, await run())
  } catch (error) {
    failed.push(name)
    process.stderr.write(`${(error as Error).stack}\n`)
  }
}
if (Object.keys(reached).length > 0) process.stdout.write(`\n== goals, on this machine\n${goalsTable(reached)}\n`)
if (failed.length > 0) process.stderr.write(`\nNot measured: ${failed.join(', ')}\n`)
process.exit(failed.length > 0 ? 1 : 0)
