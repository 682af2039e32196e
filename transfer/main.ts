import { runModule } from '#lib/module'
import { transferConfig } from './config.ts'
import { startTransfer } from './transfer.ts'

await runModule({ name: 'transfer', schema: transferConfig, start: startTransfer })
