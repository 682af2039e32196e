import { engineContract, now } from './engine.contract.ts'
import { startStand } from './graph-query.contract.ts'

engineContract('local', async () => ({
  stand: await startStand({ now: () => now, config: { query: { listen: '127.0.0.1:0', mostPoints: 1000 } } }),
  settle: async () => undefined,
}))
