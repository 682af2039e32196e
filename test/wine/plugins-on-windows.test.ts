import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { openWine } from './stand.ts'
import type { WineStand } from './stand.ts'

let wine: WineStand
beforeAll(async () => {
  wine = await openWine()
})
afterAll(() => wine.remove())

test('plugins of each kind run, are limited and leave nothing behind', async () => {
  const lines = (await wine.run(join(projectRoot, 'test/wine/plugins-on-windows.ts'))).trim().split(/\r?\n/)
  expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([])
  expect(lines).toHaveLength(11)
})
