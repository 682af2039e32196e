import { parseArgs } from 'node:util'
import { formatTable } from '#lib/table'
import { faults } from './faults.ts'
import type { Outcome } from './fault.ts'
import { createRandom } from './random.ts'

const usage = `Usage: npm run faults [-- --kills 100 --away 60 --seed N --only NAME,NAME]

  --kills N   how often each fault strikes; default 100
  --away S    seconds for which a node stays away; default 60
  --seed N    repeats the choices of an earlier run
  --only A,B  some of: ${Object.keys(faults).join(' ')}
`

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    away: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: Object.keys(faults).join(',') },
    help: { type: 'boolean', default: false },
  },
})
const chosen = values.only.split(',')
const unknown = chosen.filter((name) => !(name in faults))
if (values.help || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `There is no fault "${unknown.join('", "')}".\n${usage}` : usage)
  process.exit(unknown.length > 0 ? 2 : 0)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
process.stdout.write(`seed ${values.seed}\n`)
const outcomes: Outcome[] = []
for (const [name, strike] of Object.entries(faults)) {
  if (!chosen.includes(name)) continue
  const started = Date.now()
  const progress = (text: string) =>
    process.stdout.write(
      `${name.padEnd(12)} ${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${text}\n`,
    )
  progress('begins')
  const run = {
    random: createRandom(Number(values.seed)),
    times: Number(values.kills),
    awaySeconds: Number(values.away),
  }
  for (const outcome of [await strike({ ...run, progress })].flat()) {
    outcomes.push(outcome)
    progress(`ended: ${outcome.missing} missing, ${outcome.wrong} wrong of ${outcome.acknowledged} acknowledged`)
  }
}
const rows = outcomes.map(({ fault, times, acknowledged, stored, missing, wrong, note }) =>
  [fault, times, acknowledged, stored, missing, wrong, note].map(String),
)
process.stdout.write(`\n${formatTable(['fault', 'times', 'acknowledged', 'stored', 'missing', 'wrong', ''], rows)}\n`)
for (const { fault, complaints } of outcomes)
  for (const complaint of complaints) process.stdout.write(`${fault}: ${complaint}\n`)
process.exit(outcomes.every((outcome) => outcome.complaints.length === 0) ? 0 : 1)
