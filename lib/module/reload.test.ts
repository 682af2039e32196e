import { expect, test } from 'vitest'
import { mergeReload } from './reload.ts'

const before = { debug: false, list: ['a'], http: { listen: ':1', from: 'any' }, cluster: { a: 'x:1' } as object }
const atOnce = ['debug', 'list', 'http.from']

test('what counts at once is taken over, the rest stays as it is and is named', () => {
  const fresh = { debug: true, list: ['a', 'b'], http: { listen: ':2', from: 'none' }, cluster: { b: 'x:1' } }
  const { config, changes } = mergeReload(before, fresh, atOnce)
  expect(changes).toEqual({
    applied: ['debug', 'list', 'http.from'],
    needsRestart: ['http.listen', 'cluster.a', 'cluster.b'],
  })
  expect(config).toEqual({ debug: true, list: ['a', 'b'], http: { listen: ':1', from: 'none' }, cluster: { a: 'x:1' } })
  expect(before.debug).toBe(false)
})

test('the same configuration changes nothing', () => {
  expect(mergeReload(before, structuredClone(before), atOnce)).toEqual({
    config: before,
    changes: { applied: [], needsRestart: [] },
  })
})
