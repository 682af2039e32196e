import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { createSelfMetrics } from '../self-metrics.ts'
import { catalogues, findMetric } from './catalogue.ts'
import { cataloguePage } from './page.ts'

const page = join(projectRoot, 'docs/metrics.md')

test('the page of metrics is what the catalogue says; run this test with -u to make it anew', async () => {
  expect((await readFile(page, 'utf8')).length).toBeGreaterThan(1000)
  await expect(cataloguePage(new Set(Object.keys(await ignoredByExample())))).toMatchFileSnapshot(page)
})

test('what the example configuration leaves out are metrics there are', async () => {
  const ignored = Object.keys(await ignoredByExample())
  expect(ignored.length).toBeGreaterThan(0)
  for (const metric of ignored) expect(findMetric(metric, 'linux')?.entry.metric).toBe(metric)
})

async function ignoredByExample(): Promise<Record<string, true>> {
  const example = await readFile(join(projectRoot, 'agent/cfg.example.json'), 'utf8')
  return (JSON.parse(example) as { ignore: Record<string, true> }).ignore
}

test.each(Object.entries(catalogues))('no metric of %s is listed twice with the same tags', (_, groups) => {
  const names = groups.flatMap((group) => group.metrics.map((entry) => `${entry.metric}/${group.tags.join()}`))
  expect(names).toEqual([...new Set(names)])
})

test('there are as many metrics as Open-Falcon has: 26 an interface, 18 a disk, 10 a mount, 23 of TcpExt', () => {
  const count = (prefix: string) =>
    catalogues.linux.flatMap((group) => group.metrics).filter((entry) => entry.metric.startsWith(prefix)).length
  expect(count('net.if.')).toBe(26)
  expect(count('disk.io.')).toBe(18)
  expect(count('df.bytes.') + count('df.inodes.')).toBe(10)
  expect(count('TcpExt.')).toBe(23)
  expect(count('cpu.')).toBe(11)
  expect(count('mem.')).toBe(10)
  expect(count('ss.')).toBe(6)
})

test('what the agent sends about itself is listed too', () => {
  let atMs = 0
  const send = { memoryItems: 0, spoolItems: 0, spoolBytes: 1, spoolOldestSeconds: 2, latencyMs: 3 }
  const rest = { lastDeliveryMs: undefined, trouble: undefined, peer: undefined }
  const about = createSelfMetrics({
    use: () => ({ cpuSeconds: atMs / 1000, rssBytes: 5 }),
    send: () => ({ ...send, ...rest }),
    dropped: () => 0,
    now: () => (atMs += 1000),
  })
  about()
  const metrics = about().map((sample) => sample.metric)
  const group = catalogues.linux.find((group) => group.metrics.some((entry) => entry.metric === 'agent.cpu'))
  expect(metrics.toSorted()).toEqual(group?.metrics.map((entry) => entry.metric).toSorted())
})

test('a metric is found by name, also one that only newer kernels have', () => {
  expect(findMetric('cpu.switches', 'linux')?.entry.counterType).toBe('COUNTER')
  expect(findMetric('snmp.Udp.NoPorts', 'linux')?.entry.meaning).toBe('received for a port nobody is bound to')
  expect(findMetric('snmp.Udp.FromTheFuture', 'linux')?.entry.metric).toBe('snmp.Udp.*')
  expect(findMetric('cpu.idle2', 'linux')).toBeUndefined()
})

test('a metric may have another type, and in one system other tags, by the system', () => {
  expect(findMetric('disk.io.read_bytes', 'linux')?.entry.counterType).toBe('GAUGE')
  expect(findMetric('disk.io.read_bytes', 'windows')?.entry.counterType).toBe('COUNTER')
  expect(findMetric('net.if.in.packets', 'windows')?.group.tags).toEqual(['interface'])
  expect(findMetric('net.if.in.packets', 'windows', ['iface'])?.group.tags).toEqual(['iface'])
  expect(findMetric('load.1min', 'windows')).toBeUndefined()
})
