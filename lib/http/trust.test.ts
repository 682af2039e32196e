import { expect, test } from 'vitest'
import { mayChange } from './trust.ts'

const trust = { addresses: ['10.0.0.7'], token: 'let-me-in' }

test('loopback in all its spellings may change things', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
    expect(mayChange({ address, headers: {} }, trust), address).toBe(true)
})

test('a listed address may, also when the socket shows it as mapped IPv6; others may not', () => {
  expect(mayChange({ address: '::ffff:10.0.0.7', headers: {} }, trust)).toBe(true)
  expect(mayChange({ address: '10.0.0.8', headers: {} }, trust)).toBe(false)
  expect(mayChange({ address: undefined, headers: {} }, trust)).toBe(false)
})

test('the token opens for any address, in either header; a wrong, empty or unset one does not', () => {
  const from = (headers: Record<string, string>, token?: string) =>
    mayChange({ address: '10.0.0.8', headers }, { addresses: [], token })
  expect(from({ authorization: 'Bearer let-me-in' }, 'let-me-in')).toBe(true)
  expect(from({ 'x-falcon-token': 'let-me-in' }, 'let-me-in')).toBe(true)
  expect(from({ authorization: 'Bearer let-me-out' }, 'let-me-in')).toBe(false)
  expect(from({}, 'let-me-in')).toBe(false)
  expect(from({ 'x-falcon-token': '' }, '')).toBe(false)
  expect(from({ 'x-falcon-token': 'undefined' })).toBe(false)
})
