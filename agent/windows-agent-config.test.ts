import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '#lib/config'
import { agentConfig } from './config.ts'
import { hbsPeers, transferPeers } from './peers.ts'

/** A file as Windows-Agent has it: its members, its shapes. */
const file = {
  debug: false,
  hostname: 'SQL-PROD-03',
  ip: '10.3.0.17',
  heartbeat: { enabled: true, addr: '10.3.0.2:6030', interval: 60, timeout: 1000 },
  transfer: { enabled: true, addrs: ['10.3.0.3:8433', '10.3.0.4:8433'], interval: 60, timeout: 1000 },
  http: { enabled: true, listen: ':1988' },
  collector: { ifacePrefixIgnore: ['Loopback', 'isatap', 'Bluetooth'] },
  ignore: ['cpu.busy', 'df.bytes.free', 'mem.memused.percent'],
}

test('a file of Windows-Agent is taken unchanged: nothing in it is unknown, and it watches what it has always watched', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'windows-agent-'))
  try {
    const path = join(folder, 'cfg.json')
    await writeFile(path, JSON.stringify(file))
    const { value, unknownKeys } = loadConfig(agentConfig, path)
    expect(unknownKeys).toEqual([])
    expect(value).toMatchObject({
      hostname: 'SQL-PROD-03',
      ip: '10.3.0.17',
      http: { listen: ':1988', pushFrom: 'trusted' },
    })
    expect(value.ignore).toEqual({ 'cpu.busy': true, 'df.bytes.free': true, 'mem.memused.percent': true })
    expect(value.collector).toMatchObject({
      ifacePrefixIgnore: ['Loopback', 'isatap', 'Bluetooth'],
      windowsNames: 'both',
      iis: true,
      sqlServer: true,
    })
    expect(transferPeers(value)).toEqual(['10.3.0.3:8433', '10.3.0.4:8433'])
    expect(hbsPeers(value)).toEqual(['10.3.0.2:6030'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('ignore may still be a map, or nothing', () => {
  expect(agentConfig.parse({ ignore: { 'cpu.busy': false } }).ignore).toEqual({ 'cpu.busy': false })
  expect(agentConfig.parse({ ignore: null }).ignore).toEqual({})
  expect(agentConfig.safeParse({ ignore: [1] }).success).toBe(false)
})

test.each([
  [String.raw`\Memory\Pages/sec`, true],
  [String.raw`\PhysicalDisk(0 C:)\% Idle Time`, true],
  [String.raw`\MSSQL$REPORTS:Locks(_Total)\Lock Waits/sec`, true],
  ['Memory/Pages', false],
  [String.raw`\Memory`, false],
  [String.raw`\PhysicalDisk(*)\% Idle Time`, false],
])('a counter of the configuration: %s', (counter, isGood) => {
  const parsed = agentConfig.safeParse({ collector: { counters: [{ counter, metric: 'my.counter' }] } })
  expect(parsed.success).toBe(isGood)
})
