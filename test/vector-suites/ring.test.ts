import { describe, expect, test } from 'vitest'
import { createRing } from '#protocol'
import { createReferenceRing } from '../../protocol/ring.reference.ts'
import { loadVectors } from './load.ts'

interface RecordedRings {
  readonly keys: string[]
  readonly rings: { name: string; nodes: string[]; replicas: number; assign: number[] }[]
}

const { keys, rings } = loadVectors<RecordedRings>('semantic/ring.json')

test('the recording has keys and rings', () => {
  expect(keys.length).toBeGreaterThan(0)
  expect(rings.length).toBeGreaterThan(0)
})

describe.each(rings)('ring $name', ({ nodes, replicas, assign }) => {
  const owners = assign.map((index) => nodes[index])

  test('places every key as Open-Falcon does', () => {
    const ring = createRing(nodes, replicas)
    expect(keys.map((key) => ring.nodeOf(key))).toEqual(owners)
  })

  test('the package hashring, told how, agrees', () => {
    expect(keys.map(createReferenceRing(nodes, replicas))).toEqual(owners)
  })
})

test('a ring without nodes is refused', () => {
  expect(() => createRing([])).toThrow('it has no nodes')
})
