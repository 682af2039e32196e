import { expect, test } from 'vitest'
import { openDatabase } from './database.ts'

test('a database that was opened and closed without a statement leaves nothing that keeps the process up', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  await openDatabase('root:@tcp(127.0.0.1:1)/falcon_portal').close()
  expect(timers()).toBe(before)
})
