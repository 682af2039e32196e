import { runModule } from '#lib/module'
import { judgeConfig } from './config.ts'
import { startJudge } from './judge.ts'

await runModule({ name: 'judge', schema: judgeConfig, start: startJudge })
