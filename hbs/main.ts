import { runModule } from '#lib/module'
import { hbsConfig } from './config.ts'
import { startHbs } from './hbs.ts'

await runModule({ name: 'hbs', schema: hbsConfig, start: startHbs })
