import { expect, test } from 'vitest'
import { createDealer } from './dealer.ts'

const all = () => true
const addresses = Array.from({ length: 300 }, (_, i) => `10.0.${i % 7}.${i}`)

test('an address comes back to its lane, and addresses spread over all lanes', () => {
  const dealer = createDealer(3)
  const first = addresses.map((address) => dealer.deal(address, all))
  for (const lane of [0, 1, 2]) expect(first.filter((one) => one === lane).length).toBeGreaterThan(60)
  addresses.forEach((address, i) => dealer.closed(address, first[i] ?? 0))
  expect(addresses.map((address) => dealer.deal(address, all))).toEqual(first)
})

test('further connections of an address go round', () => {
  const dealer = createDealer(3)
  const lanes = Array.from({ length: 30 }, () => dealer.deal('10.0.0.1', all))
  for (const lane of [0, 1, 2]) expect(lanes.filter((one) => one === lane)).toHaveLength(10)
})

test('while a lane does not run another one serves, and then its addresses come back to it', () => {
  const dealer = createDealer(3)
  const before = addresses.map((address) => dealer.deal(address, all))
  dealer.ended(2)
  const during = addresses.map((address, i) => {
    if (before[i] !== 2) return before[i]
    return dealer.deal(address, (lane) => lane !== 2)
  })
  expect(during).not.toContain(2)
  // A late word of a connection that went with it counts for nothing.
  dealer.closed(addresses[before.indexOf(2)] ?? '', 2)
  addresses.forEach((address, i) => dealer.closed(address, during[i] ?? 0))
  expect(addresses.map((address) => dealer.deal(address, all))).toEqual(before)
})
