import { createLogger } from '#lib/log'
import { startAlarm } from '../../alarm/alarm.ts'
import { alarmConfig } from '../../alarm/config.ts'

/** An alarm in its own process, for `bench/alarm.ts`; its configuration is the argument. */
const [members = '{}'] = process.argv.slice(2)
const log = createLogger('alarm', { destination: { write: () => {} } })
const alarm = await startAlarm(alarmConfig.parse(JSON.parse(members)), log, '')
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ usage: process.cpuUsage(), resident: process.memoryUsage().rss })
  if (message === 'stop') void alarm.stop().then(() => process.exit(0))
})
process.send?.(alarm.ports)
