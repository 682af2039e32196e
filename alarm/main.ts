import { runModule } from '#lib/module'
import { startAlarm } from './alarm.ts'
import { alarmConfig } from './config.ts'

await runModule({ name: 'alarm', schema: alarmConfig, start: startAlarm })
