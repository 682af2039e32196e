import { run as agent } from './agent.ts'
import { run as capacity } from './capacity.ts'
import { run as fullPath } from './full-path.ts'
import { run as graph } from './graph.ts'
import { run as growth } from './growth.ts'
import { run as index } from './index.ts'
import { run as judge } from './judge.ts'
import { run as link } from './link.ts'
import { run as query } from './query.ts'
import { run as resync } from './resync.ts'
import { run as sinks } from './sinks.ts'
import { run as transferIntake } from './transfer-intake.ts'

/** Each prints its own table. `npm run bench`, or `npm run bench -- judge link` for some of them. */
const benches = {
  link,
  'transfer-intake': transferIntake,
  judge,
  graph,
  growth,
  index,
  query,
  resync,
  'full-path': fullPath,
  sinks,
  agent,
  capacity,
}

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const unknown = chosen.filter((name) => !(name in benches))
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown.join('", "')}"; there are ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}
for (const [name, run] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  process.stdout.write(`\n== ${name}\n`)
  await run()
}
process.exit(0)
