import type { FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { refusalFor } from './access.ts'

const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  ({ headers, socket: { remoteAddress } }) as unknown as FastifyRequest
const trust = { addresses: ['10.0.0.5'], token: 'let-me-in' }
const shown = (sig: unknown) => ({ apitoken: JSON.stringify({ name: 'root', sig }) })

test('loopback and trusted addresses need no token', () => {
  expect(refusalFor(from('127.0.0.1'), trust)).toBeUndefined()
  expect(refusalFor(from('::ffff:10.0.0.5'), trust)).toBeUndefined()
})

test('from elsewhere the token opens as Apitoken, as bearer and as X-Falcon-Token', () => {
  expect(refusalFor(from('10.0.0.6', shown('let-me-in')), trust)).toBeUndefined()
  expect(refusalFor(from('10.0.0.6', { authorization: 'Bearer let-me-in' }), trust)).toBeUndefined()
  expect(refusalFor(from('10.0.0.6', { 'x-falcon-token': 'let-me-in' }), trust)).toBeUndefined()
})

test('no token, a wrong one, a broken header and an unset token are refused', () => {
  expect(refusalFor(from('10.0.0.6'), trust)).toBe('token key is not set')
  for (const header of [shown('let-me-out'), shown(7), { apitoken: '{"sig":' }, { apitoken: 'null' }])
    expect(refusalFor(from('10.0.0.6', header), trust)).toBe('not authorized')
  expect(refusalFor(from('10.0.0.6', shown('')), { addresses: [], token: '' })).toBe('not authorized')
})
