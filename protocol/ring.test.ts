import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from './crc32.ts'
import { createReferenceRing } from './ring.reference.ts'
import { createRing } from './ring.ts'

test('any nodes and keys are placed as hashring places them, also where points and keys collide', () => {
  const node = fc.oneof(fc.constantFrom('1', '11', '0', '-', 'a-1', 'a'), fc.string({ minLength: 1, maxLength: 8 }))
  const cluster = fc.array(node, { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(cluster, fc.integer({ min: 1, max: 60 }), fc.array(fc.string()), (nodes, replicas, keys) => {
      fc.pre(nodes.every((name) => name !== '__proto__'))
      const ring = createRing(nodes, replicas)
      const reference = createReferenceRing(nodes, replicas)
      // Texts of points as keys hash exactly onto points.
      for (const key of [...keys, ...nodes.map((name) => `0${name}`)]) expect(ring.nodeOf(key)).toBe(reference(key))
    }),
    { numRuns: 60 },
  )
})

test('a hash computed elsewhere finds the same node', () => {
  const ring = createRing(['graph-00', 'graph-01', 'graph-02'])
  for (const key of ['', 'h/cpu.idle', '主机/m'])
    expect(ring.nodes[ring.indexOfHash(crc32(key))]).toBe(ring.nodeOf(key))
  expect(ring.nodes[ring.indexOfHash(2 ** 32 - 1)]).toBeDefined()
})
