import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sortTags } from '#protocol'
import { createFixtureHost } from '../../host/fixture-host.ts'
import type { FixtureHost } from '../../host/fixture-host.ts'
import type { LinuxHost } from '../../host/linux/host.ts'
import { createLinuxHost } from '../../host/linux.ts'
import { findMetric } from '../../catalogue/catalogue.ts'
import type { Collector } from '../collector.ts'

/** What every collector keeps. `reads` names a file without which it cannot work; none for one that reads nothing. */
export function collectorContract(create: (host: LinuxHost) => Collector, reads?: string): void {
  describe('as every collector', () => {
    let host: FixtureHost
    let emptyRoot: string
    beforeAll(async () => {
      host = await createFixtureHost()
      emptyRoot = await mkdtemp(join(tmpdir(), 'empty-root-'))
    })
    afterAll(async () => {
      await host.remove()
      await rm(emptyRoot, { recursive: true })
    })

    test('it gives samples by the second collection at the latest, and again when nothing has happened since', async () => {
      const collector = create(host)
      await collector.collect()
      await host.passMinute()
      const second = await collector.collect()
      expect(second.length).toBeGreaterThan(0)
      const third = await collector.collect()
      expect(third.length).toBeGreaterThan(0)
      for (const sample of [...second, ...third]) expect(sample.value, sample.metric).toSatisfy(Number.isFinite)
    })

    test('its samples are in the catalogue, under names and tags that arrive as they are', async () => {
      const collector = create(host)
      await collector.collect()
      for (const sample of await collector.collect()) {
        expect(sample.metric).toMatch(/^[A-Za-z0-9._-]+$/)
        expect(findMetric(sample.metric)?.entry.counterType, sample.metric).toBe(sample.counterType)
        expect(sample.tags).toBe(sortTags(sample.tags))
        expect(sample.tags).not.toMatch(/[\s'">]/)
      }
    })

    test('two of a kind do not disturb each other', async () => {
      const one = create(host)
      await one.collect()
      const expected = await one.collect()
      const other = create(host)
      await other.collect()
      expect((await other.collect()).map((sample) => sample.metric)).toEqual(expected.map((sample) => sample.metric))
    })

    if (reads !== undefined) {
      test('it rejects, naming the file, when its source cannot be read, and works again when it can', async () => {
        const missing = createLinuxHost({ root: emptyRoot })
        await expect(create(missing).collect()).rejects.toThrow(`Cannot read ${reads}: ENOENT`)

        let current: LinuxHost = missing
        const changing = new Proxy(host, { get: (_, name: keyof LinuxHost) => current[name] })
        const collector = create(changing)
        await expect(collector.collect()).rejects.toThrow('Cannot read')
        current = host
        await collector.collect()
        expect((await collector.collect()).length).toBeGreaterThan(0)
      })
    }
  })
}
