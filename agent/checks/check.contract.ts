import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseTags, sortTags } from '#protocol'
import { findMetric } from '../catalogue/catalogue.ts'
import type { Host } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import type { Check, CheckFamily } from './check.ts'

/** What every family of checks keeps. `good` are tag texts it takes, `bad` such that it refuses. */
export function checkContract(family: CheckFamily, good: readonly string[], bad: readonly string[]): void {
  describe('as every family of checks', () => {
    let host: Host
    let root: string
    beforeAll(async () => {
      host = createLinuxHost({ root: '/' })
      root = await mkdtemp(join(tmpdir(), 'empty-root-'))
    })
    afterAll(() => rm(root, { recursive: true }))

    const read = (tags: string): Check => {
      const reading = family.read(tags)
      return reading.ok ? reading.value : expect.fail(reading.reason)
    }

    test.each(good)('it takes "%s" and keeps it as it came', (tags) => {
      expect(read(tags)).toMatchObject({ metric: family.metric, tags })
    })

    test.each([...bad, '', '=', ',', 'nonsense', '中文=1', `${'x'.repeat(500)}=1`])(
      'it refuses "%s" with a reason that shows it',
      (tags) => {
        const reading = family.read(tags)
        expect(reading.ok).toBe(false)
        expect(reading.ok ? '' : reading.reason).toContain('"')
      },
    )

    test('each check gives one sample, in the same order, of the type that the catalogue says', async () => {
      const samples = await family.run(good.map(read), { host, hostname: 'host-1' })
      expect(samples).toHaveLength(good.length)
      for (const sample of samples) {
        expect(sample.metric).toBe(family.metric)
        expect(sample.counterType).toBe(findMetric(sample.metric)?.entry.counterType)
        expect(sample.value).toSatisfy(Number.isFinite)
      }
    })

    test('each sample has all tags of its strategy, so that judge matches the two', async () => {
      const samples = await family.run(good.map(read), { host, hostname: 'host-1' })
      for (const [i, tags] of good.entries()) {
        const sent = parseTags(samples[i]?.tags ?? '')
        for (const [key, value] of parseTags(tags)) expect(sent.get(key)).toBe(value)
        expect(samples[i]?.tags).toBe(sortTags(samples[i]?.tags ?? ''))
      }
    })

    test('checks of other families are none of its business', async () => {
      const foreign: Check = { metric: 'another.metric', tags: 'a=b', target: {} }
      expect(await family.run([foreign], { host, hostname: 'host-1' })).toEqual([])
    })
  })
}
