import { engineContract, now } from '../engine.contract.ts'
import { startStand } from '../graph-query.contract.ts'
import { serverForTests, storedIn } from './fixture-victoriametrics.ts'

const server = serverForTests()

engineContract('VictoriaMetrics', async () => {
  await server.wipe()
  return {
    stand: await startStand({
      now: () => now,
      config: { ...storedIn(server.get().url), query: { listen: '127.0.0.1:0', mostPoints: 1000 } },
    }),
    settle: () => server.get().flush(),
  }
})
