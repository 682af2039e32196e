import { engineContract, now } from '../engine.contract.ts'
import { startStand } from '../graph-query.contract.ts'
import { serverForTest, storedIn } from './victoriametrics.contract.ts'

engineContract('VictoriaMetrics', async () => {
  const server = await serverForTest()
  return {
    stand: await startStand({
      now: () => now,
      config: { ...storedIn(server.url), query: { listen: '127.0.0.1:0', mostPoints: 1000 } },
    }),
    settle: () => server.flush(),
  }
})
