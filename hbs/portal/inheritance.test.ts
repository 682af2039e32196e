import { expect, test } from 'vitest'
import type { Strategy, TemplateRef } from '#protocol'
import { chainOf, inheritedStrategies, usefulChains } from './inheritance.ts'

/** `{ 2: 1 }`: template 2 has the parent 1. */
function templates(parents: Record<number, number>): Map<number, TemplateRef> {
  return new Map(
    Object.entries(parents).map(([id, parentId]) => [
      Number(id),
      { id: Number(id), name: `t${id}`, parentId, actionId: Number(id) * 10, creator: 'root' },
    ]),
  )
}

function strategies(...list: [id: number, tplId: number, metric: string, tags?: Record<string, string>][]) {
  const byTemplate = new Map<number, Strategy[]>()
  for (const [id, tplId, metric, tags = {}] of list) {
    const rest = { func: 'all(#1)', operator: '<', rightValue: 1, maxStep: 3, priority: 0, note: '' }
    byTemplate.set(tplId, [...(byTemplate.get(tplId) ?? []), { id, metric, tags, ...rest, tpl: null }])
  }
  return byTemplate
}

const shown = (result: ReturnType<typeof inheritedStrategies>) =>
  result.strategies.map((strategy) => `${strategy.id} for ${strategy.tpl?.name}`)

test('a chain goes from the root to the template; a missing parent ends it', () => {
  const known = templates({ 1: 0, 2: 1, 3: 2, 5: 99 })
  expect(chainOf(known, 3)).toEqual([1, 2, 3])
  expect(chainOf(known, 5)).toEqual([5])
  expect(chainOf(known, 99)).toEqual([])
})

test('nine templates above each other are a chain, ten are taken for a cycle', () => {
  const long = templates(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i + 1, i])))
  expect(chainOf(long, 9)).toHaveLength(9)
  expect(chainOf(long, 10)).toBeUndefined()
  expect(chainOf(templates({ 1: 2, 2: 1 }), 1)).toBeUndefined()
  expect(chainOf(templates({ 1: 1 }), 1)).toBeUndefined()
})

test('a template bound together with its child, even twice, counts only through the child', () => {
  const known = templates({ 1: 0, 2: 1, 3: 1 })
  expect(usefulChains(known, [1, 2])).toEqual([[1, 2]])
  expect(usefulChains(known, [1, 1, 2, 1])).toEqual([[1, 2]])
  expect(usefulChains(known, [2, 3])).toEqual([
    [1, 2],
    [1, 3],
  ])
})

test('the child replaces all strategies of its metric and tags; what it does not name stays, for the child to notify', () => {
  const known = templates({ 1: 0, 2: 1 })
  const found = inheritedStrategies(
    known,
    strategies(
      [1, 1, 'cpu.idle'],
      [2, 1, 'cpu.idle'],
      [3, 1, 'df', { mount: '/' }],
      [4, 2, 'cpu.idle'],
      [5, 1, 'port', { a: '1', b: '2' }],
      [6, 2, 'port', { b: '2', a: '1' }],
      [7, 2, 'df', { mount: '/', fstype: 'ext4' }],
    ),
    [1, 2],
  )
  expect(shown(found)).toEqual(['3 for t2', '4 for t2', '6 for t2', '7 for t2'])
  expect(found.shared).toEqual([])
})

test('two strategies of one template with the same metric and tags both live', () => {
  const found = inheritedStrategies(templates({ 1: 0 }), strategies([1, 1, 'df'], [2, 1, 'df']), [1])
  expect(shown(found)).toEqual(['1 for t1', '2 for t1'])
})

test('a strategy of a common parent goes once, with the first chain, and the other is told to the operator', () => {
  const known = templates({ 1: 0, 2: 1, 3: 1 })
  const found = inheritedStrategies(known, strategies([1, 1, 'cpu'], [2, 2, 'df'], [3, 3, 'mem']), [2, 3])
  expect(shown(found)).toEqual(['1 for t2', '2 for t2', '3 for t3'])
  expect(found.shared).toEqual([{ strategyId: 1, notified: 2, passedOver: 3 }])
})

test('a metric that looks like metric and tags of another is another', () => {
  const known = templates({ 1: 0, 2: 1 })
  const found = inheritedStrategies(known, strategies([1, 1, 'a', { b: 'c' }], [2, 2, 'a/b=c']), [2])
  expect(shown(found)).toEqual(['1 for t2', '2 for t2'])
})
