import { createLogger } from '#lib/log'
import { judgeConfig } from '../../judge/config.ts'
import { startJudge } from '../../judge/judge.ts'

/** A judge in its own process, for `bench/judge.ts`: rules come from its folder, events go nowhere, ports are free ones. */
const [dir = ''] = process.argv.slice(2)
const log = createLogger('judge', { destination: { write: () => {} } })
const config = judgeConfig.parse({
  dir,
  staleAfterSeconds: 0,
  rpc: { listen: '127.0.0.1:0' },
  http: { listen: '127.0.0.1:0' },
  hbs: { servers: ['127.0.0.1:1'] },
  alarm: { enabled: false },
})
const judge = await startJudge(config, log, '')
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ usage: process.cpuUsage(), resident: process.memoryUsage().rss })
  if (message === 'stop') void judge.stop().then(() => process.exit(0))
})
process.send?.(judge.ports)
