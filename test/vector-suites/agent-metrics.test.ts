import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseTags } from '#protocol'
import { parseCheck } from '../../agent/checks/index.ts'
import { findMetric } from '../../agent/catalogue/catalogue.ts'
import { loadVectors, vectorFolder } from './load.ts'

interface Recording {
  readonly exchanges: readonly { readonly method: string; readonly request: string; readonly response: string }[]
}

interface Item {
  readonly metric: string
  readonly counterType: string
  readonly tags: string
}

type Update = { readonly params: readonly (readonly (Item | null)[] | null)[] }

const checks = ['net.port.listen', 'proc.num', 'du.bs', 'url.check.health']
/** Each is in one of the calls that the agent makes for its own groups of collectors; plugins and pushes have calls of their own. */
const marks = new Set(['agent.alive', 'df.statistics.total', 'ss.estab', ...checks])

interface BuiltinMetrics {
  readonly result: { readonly Metrics: readonly { readonly Metric: string; readonly Tags: string }[] | null }
}

const recordings = readdirSync(join(vectorFolder, 'wire')).filter((name) => /^agent-transfer.*\.json$/.test(name))

/** What the agent itself has collected, of all that went over a recorded connection. */
function collectedItems(recording: string): Item[] {
  return loadVectors<Recording>(`wire/${recording}`)
    .exchanges.filter((exchange) => exchange.method === 'Transfer.Update')
    .map((exchange) => (JSON.parse(exchange.request) as Update).params[0] ?? [])
    .map((items) => items.filter((item) => item !== null))
    .filter((items) => items.some((item) => marks.has(item.metric)))
    .flat()
}

function keysOf(tags: string): string[] {
  return tags === '' ? [] : tags.split(',').map((tag) => tag.slice(0, tag.indexOf('=')))
}

test('there are recordings of what a Go agent collects', () => {
  expect(recordings).toContain('agent-transfer-all-metrics.json')
  expect(collectedItems('agent-transfer-all-metrics.json').length).toBeGreaterThan(0)
})

test.each(recordings)('%s: each metric is in our catalogue with the same type and tags', (recording) => {
  const items = collectedItems(recording)
  // default_tags are on every item of an agent.
  const common = keysOf(items[0]?.tags ?? '').filter((key) => items.every((item) => keysOf(item.tags).includes(key)))
  for (const item of items) {
    const { entry, group } = findMetric(item.metric, 'linux') ?? expect.fail(`${item.metric} is not in the catalogue`)
    expect(item.counterType, item.metric).toBe(entry.counterType)
    // A process check has the tags of its strategy: one of these or both.
    const allowed = item.metric === 'proc.num' ? ['name', 'cmdline'] : group.tags
    const own = keysOf(item.tags).filter((key) => !common.includes(key))
    expect([...allowed, ...common], item.metric).toEqual(expect.arrayContaining(own))
    if (item.metric !== 'proc.num')
      expect(keysOf(item.tags), item.metric).toEqual(expect.arrayContaining([...group.tags]))
  }
})

/** Tags of a reported check that its strategy has, too. */
const strategyKeys = new Set(['port', 'name', 'cmdline', 'path', 'url', 'timeout'])

const hbsRecordings = readdirSync(join(vectorFolder, 'wire')).filter((name) => /^agent-hbs.*\.json$/.test(name))

/** The checks that an hbs has handed out on recorded connections. */
function checksAskedFor(): { metric: string; tags: string }[] {
  return hbsRecordings
    .flatMap((recording) => loadVectors<Recording>(`wire/${recording}`).exchanges)
    .filter((exchange) => exchange.method === 'Agent.BuiltinMetrics')
    .flatMap((exchange) => (JSON.parse(exchange.response) as BuiltinMetrics).result.Metrics ?? [])
    .map(({ Metric, Tags }) => ({ metric: Metric, tags: Tags }))
}

test('every check that hbs hands out is read, or refused with a reason', () => {
  const asked = checksAskedFor()
  expect(asked.length).toBeGreaterThan(0)
  for (const { metric, tags } of asked) {
    const reading = parseCheck(metric, tags)
    if (reading.ok) expect(reading.value).toMatchObject({ metric, tags })
    else expect(reading.reason).toContain(tags)
  }
})

test('every check that a Go agent reports is one we take', () => {
  const reported = recordings.flatMap(collectedItems).filter((item) => checks.includes(item.metric))
  expect(reported.length).toBeGreaterThan(0)
  for (const { metric, tags } of reported) {
    const asked = [...parseTags(tags)].filter(([key]) => strategyKeys.has(key)).map(([key, value]) => `${key}=${value}`)
    expect(parseCheck(metric, asked.join(',')), `${metric} ${tags}`).toMatchObject({ ok: true })
  }
})

const windowsRecordings = readdirSync(join(vectorFolder, 'wire')).filter((name) =>
  /^winagent-transfer.*\.json$/.test(name),
)

test.each(windowsRecordings)(
  '%s: what Windows-Agent sends is in our catalogue of Windows, type and tags too',
  (recording) => {
    const items = collectedItems(recording)
    expect(items.length).toBeGreaterThan(0)
    for (const { metric, counterType, tags } of items) {
      const found = findMetric(metric, 'windows', keysOf(tags)) ?? expect.fail(`${metric} is not in the catalogue`)
      expect(found.entry.counterType, metric).toBe(counterType)
      expect(keysOf(tags), metric).toEqual(found.group.tags)
    }
  },
)

test('there are recordings of what Windows-Agent sends', () => {
  expect(windowsRecordings).toContain('winagent-transfer.json')
})
