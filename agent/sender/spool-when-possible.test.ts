import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { SpoolOptions } from '#lib/spool'
import { openSpoolWhenPossible } from './spool-when-possible.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

let nowMs = 1_700_000_000_000
const options = () => ({
  dir,
  maxBytes: 2 ** 20,
  maxAgeSeconds: 3600,
  log: createLogger('agent', { destination: { write: () => undefined } }),
  onDrop: () => undefined,
  now: () => nowMs,
})

/** What `openSpool` throws on a full disk. */
function diskFull(): never {
  const cause = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  throw new Error(`Cannot open spool ${dir}: ${cause.message}`, { cause })
}

test('a disk that is full does not keep the agent from starting; once it is not, the spool and what it held are there', () => {
  const before = openSpool(options())
  before.append(Buffer.from('of the last run'), 3)
  before.close()
  let full = true
  let attempts = 0
  const spool = openSpoolWhenPossible(options(), (given: SpoolOptions) => {
    attempts++
    return full ? diskFull() : openSpool(given)
  })
  expect(spool.peek()).toBeUndefined()
  expect(() => spool.append(Buffer.from('new'), 1)).toThrow('no space left')
  expect(spool.stats()).toEqual({ records: 0, items: 0, bytes: 0, oldestSeconds: 0 })
  full = false
  expect(() => spool.append(Buffer.from('new'), 1)).toThrow('no space left')
  expect(attempts).toBe(1)
  nowMs += 5000
  spool.append(Buffer.from('new'), 1)
  expect(spool.stats()).toMatchObject({ records: 2, items: 4 })
  const record = spool.peek()
  expect(Buffer.from(record?.data ?? []).toString()).toBe('of the last run')
  expect(record && spool.release(record)).toBe(3)
  spool.close()
})

test('what no waiting will mend is told at once', () => {
  const holder = openSpool(options())
  expect(() => openSpoolWhenPossible(options())).toThrow(/has it open/)
  holder.close()
  writeFileSync(join(dir, 'file'), '')
  expect(() => openSpoolWhenPossible({ ...options(), dir: join(dir, 'file') })).toThrow(/^Cannot open spool/)
})
