import { expect, test } from 'vitest'
import { isStorableName } from '../../graph-query/names.ts'
import { loadVectors } from './load.ts'

interface NameCase {
  readonly endpoint: string
  readonly counter: string
  readonly accepted: boolean
}

const { cases } = loadVectors<{ cases: NameCase[] }>('semantic/graph-valid-names.json')

test('there are recorded names', () => {
  expect(cases.length).toBeGreaterThan(0)
})

test.each(cases)('endpoint $endpoint with counter $counter: accepted $accepted', ({ endpoint, counter, accepted }) => {
  expect(isStorableName(endpoint) && isStorableName(counter)).toBe(accepted)
})
