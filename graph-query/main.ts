import { runModule } from '#lib/module'
import { graphQueryConfig } from './config.ts'
import { startGraphQuery } from './graph-query.ts'
import { isStoreCommand, runStoreCommand } from './store-commands.ts'

const argv = process.argv.slice(2)
if (isStoreCommand(argv[0])) process.exitCode = await runStoreCommand(argv)
else await runModule({ name: 'graph-query', schema: graphQueryConfig, start: startGraphQuery })
