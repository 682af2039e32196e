import { expect, test } from 'vitest'
import { createAgentCollector } from './agent.ts'
import { gauge } from './collector.ts'
import { collectorContract } from './linux/collector.contract.ts'

test('it says that the agent is alive', async () => {
  expect(await createAgentCollector().collect()).toEqual([gauge('agent.alive', 1)])
})

collectorContract(() => createAgentCollector())
