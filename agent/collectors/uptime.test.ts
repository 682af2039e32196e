import { expect, test } from 'vitest'
import { gauge } from './collector.ts'
import { createUptimeCollector } from './uptime.ts'

test('the uptime is whole seconds', async () => {
  const uptime = createUptimeCollector({ uptimeSeconds: async () => 3600.9 })
  expect(await uptime.collect()).toEqual([gauge('sys.uptime', 3600)])
})
