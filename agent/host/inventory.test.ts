import { cpus, totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { createInventory } from './inventory.ts'

test('the inventory of this machine agrees with its kernel, and is read once an hour', async () => {
  let now = 0
  const inventory = createInventory(() => now)
  const first = inventory()
  expect(inventory()).toBe(first)
  const read = await first
  expect(read.cpu.cores).toBe(cpus().length)
  expect(read.memory.total).toBe(totalmem())
  expect(read.os.kernel).not.toBe('')
  expect(read.interfaces.map(({ name }) => name)).toContain('lo')
  now = 3_600_001
  expect(inventory()).not.toBe(first)
}, 30_000)
