import { runModule } from '#lib/module'
import { graphQueryConfig } from './config.ts'
import { startGraphQuery } from './graph-query.ts'

await runModule({ name: 'graph-query', schema: graphQueryConfig, start: startGraphQuery })
