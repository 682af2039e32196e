import { describe, expect, test } from 'vitest'
import { checkMetrics, parseTags, sortTags } from '#protocol'
import { findMetric } from '../catalogue/catalogue.ts'
import type { CollectedSample } from '../collectors/collector.ts'
import type { CheckFamily } from './check.ts'
import { checkContext, runChecks } from './fixture-run.ts'
import { createCheckRunner } from './runner.ts'

/** What every family of checks keeps. `good` are tag texts it takes, each another target, `bad` such that it refuses. */
export function checkContract(family: CheckFamily, good: readonly string[], bad: readonly string[]): void {
  describe('as every family of checks', () => {
    test('hbs hands out each of its metrics, and the catalogue says what it means', () => {
      for (const metric of family.metrics) {
        expect(checkMetrics).toContain(metric)
        expect(findMetric(metric)?.entry.counterType).toBe('GAUGE')
      }
    })

    test.each(good)('what it makes of "%s" is plain data, the same each time', (tags) => {
      const [once, again] = [family.read(tags, {}), family.read(tags, {})]
      expect(once.ok).toBe(true)
      expect(JSON.parse(JSON.stringify(once))).toEqual(again)
    })

    test.each([...bad, '', '=', ',', 'nonsense', '中文=1', `${'x'.repeat(500)}=1`])(
      'it refuses "%s" with a reason that shows it',
      (tags) => {
        const reading = family.read(tags, {})
        expect(reading.ok).toBe(false)
        expect(reading.ok ? '' : reading.reason).toContain('"')
      },
    )

    test('each target has one outcome, of metrics of the family, and a reason where a value is missing', async () => {
      const outcomes = await runChecks(family, good)
      expect(outcomes).toHaveLength(good.length)
      for (const { values, reason } of outcomes) {
        for (const [metric, value] of Object.entries(values)) {
          expect(family.metrics).toContain(metric)
          expect(value).toSatisfy(Number.isFinite)
        }
        if (Object.keys(values).length === 0) expect(reason).toBeTruthy()
      }
    })

    test('each sample has all tags of its strategy, so that judge matches the two', async () => {
      for (const tags of good) {
        for (const sample of await samplesOf(family, tags)) {
          const sent = parseTags(sample.tags)
          for (const [key, value] of parseTags(tags)) expect(sent.get(key)).toBe(value)
          expect(sample.tags).toBe(sortTags(sample.tags))
        }
      }
    })
  })
}

async function samplesOf(family: CheckFamily, tags: string): Promise<CollectedSample[]> {
  const target = family.read(tags, {})
  if (!target.ok) return expect.fail(target.reason)
  const [metric = ''] = family.metrics
  const runner = createCheckRunner({
    families: [family],
    current: () => [{ metric, tags, target: target.value }],
    context: () => checkContext(),
    now: () => 0,
    settle: async () => undefined,
  })
  return (await Promise.all(runner.collectors.map((collector) => collector.collect()))).flat()
}
