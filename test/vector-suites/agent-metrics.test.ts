import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findMetric } from '../../agent/collectors/catalogue.ts'
import { loadVectors, vectorFolder } from './load.ts'

interface Recording {
  readonly exchanges: readonly { readonly method: string; readonly request: string }[]
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
    const { entry, group } = findMetric(item.metric) ?? expect.fail(`${item.metric} is not in the catalogue`)
    expect(item.counterType, item.metric).toBe(entry.counterType)
    // A process check has the tags of its strategy: one of these or both.
    const allowed = item.metric === 'proc.num' ? ['name', 'cmdline'] : group.tags
    const own = keysOf(item.tags).filter((key) => !common.includes(key))
    expect([...allowed, ...common], item.metric).toEqual(expect.arrayContaining(own))
    if (item.metric !== 'proc.num')
      expect(keysOf(item.tags), item.metric).toEqual(expect.arrayContaining([...group.tags]))
  }
})
