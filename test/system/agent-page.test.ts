import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seePage } from '../drivers/browser.ts'
import { freePorts, startModule } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'

let folder: string
let agent: ModuleProcess
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-page-'))
  const [httpPort = 0] = await freePorts(1)
  agent = await startModule({
    name: 'agent',
    folder,
    httpPort,
    config: {
      hostname: 'h1',
      // Nobody listens there.
      transfer: { enabled: true, addrs: ['127.0.0.1:1'], interval: 1 },
      http: { enabled: true, listen: `127.0.0.1:${httpPort}` },
      dataDir: folder,
      spool: { dir: join(folder, 'spool') },
    },
  })
  await vi.waitFor(async () => expect(await agent.get('/')).toContain('<svg'), { timeout: 30_000 })
})
afterAll(async () => {
  await agent.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (query = '') => `http://127.0.0.1:${agent.httpPort}/${query}`

test('a browser runs the page under its own policy and shows times in the zone of the viewer', async () => {
  const { document, complaints } = await seePage(at(), { TZ: 'Pacific/Kiritimati', LANG: 'en_US.UTF-8' })
  expect(complaints).toEqual([])
  const [, ms = '', shown = ''] = /<time data-ms="(\d+)" data-full="1">([^<]+)</.exec(document) ?? []
  const there = new Date(Number(ms)).toLocaleString('en', { timeZone: 'Pacific/Kiritimati' })
  expect(shown).toBe(there)
  expect(document).toContain('transfer does not take samples')
})

test('in Chinese it is Chinese', async () => {
  const { document, complaints } = await seePage(at('?lang=zh'))
  expect(complaints).toEqual([])
  expect(document).toContain('transfer 没有接收数据')
  expect(document).toContain('最近一小时')
})
