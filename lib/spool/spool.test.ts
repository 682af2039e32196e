import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { openSpool } from './open-spool.ts'
import { headerBytes } from './record-header.ts'
import type { Spool, SpoolOptions } from './spool.ts'

const log = createLogger('test', { destination: { write: () => undefined } })
let dir = ''
let nowMs = 0
let drops: string[] = []
let opened: Spool[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-'))
  nowMs = 1_700_000_000_000
  drops = []
  opened = []
})

afterEach(() => {
  for (const spool of opened) spool.close()
  rmSync(dir, { recursive: true })
})

function open(options: Partial<SpoolOptions> = {}): Spool {
  const spool = openSpool({
    dir,
    maxBytes: 2 ** 20,
    maxAgeSeconds: 3600,
    log,
    now: () => nowMs,
    onDrop: (items, reason) => drops.push(`${items} ${reason}`),
    ...options,
  })
  opened.push(spool)
  return spool
}

const bytes = (text: string) => Buffer.from(text)
const segments = () => readdirSync(dir).filter((name) => name.endsWith('.seg'))
const lastSegment = () => join(dir, segments().sort().at(-1) ?? '')

/** Reads and releases everything. */
function drain(spool: Spool): string[] {
  const texts: string[] = []
  for (let record = spool.peek(); record; record = spool.peek()) {
    texts.push(Buffer.from(record.data).toString())
    spool.release(record)
  }
  return texts
}

test('records come out in the order they went in, with their item counts and times', () => {
  const spool = open()
  spool.append(bytes('one'), 3)
  nowMs += 5000
  spool.append(bytes('two'), 4)
  expect(spool.stats()).toEqual({ records: 2, items: 7, bytes: 2 * headerBytes + 6, oldestSeconds: 5 })
  expect(spool.peek()).toMatchObject({ data: bytes('one'), items: 3, at: 1_700_000_000 })
  expect(drain(spool)).toEqual(['one', 'two'])
  expect(spool.stats()).toEqual({ records: 0, items: 0, bytes: 0, oldestSeconds: 0 })
})

test('what was not released is there after reopening, with right counts', () => {
  let spool = open({ maxBytes: 2000 })
  for (let i = 0; i < 20; i++) spool.append(bytes(`record ${i}`), i)
  expect(segments().length).toBeGreaterThan(3)
  for (let i = 0; i < 6; i++) spool.release(spool.peek() ?? expect.fail())
  const before = spool.stats()
  spool.close()
  spool = open({ maxBytes: 2000 })
  expect(spool.stats()).toEqual(before)
  spool.append(bytes('more'), 1)
  expect(drain(spool)).toEqual([...Array.from({ length: 14 }, (_, i) => `record ${i + 6}`), 'more'])
  expect(segments()).toHaveLength(1)
  expect(drops).toEqual([])
})

test('a spool emptied and reopened takes and keeps new records', () => {
  for (let round = 0; round < 4; round++) {
    const spool = open({ maxBytes: 400 })
    spool.append(bytes('x'), 1)
    spool.append(bytes(`round ${round}`), 1)
    expect(drain(spool)).toEqual(['x', `round ${round}`])
    spool.close()
  }
})

test('several records are read ahead and released together', () => {
  const spool = open({ maxBytes: 1000 })
  const sequences = ['a', 'b', 'c', 'd'].map((text) => spool.append(bytes(text), 10))
  const records = spool.peekMany(30, 1000)
  expect(records.map((record) => Buffer.from(record.data).toString())).toEqual(['a', 'b', 'c'])
  expect(records.map((record) => record.sequence)).toEqual(sequences.slice(0, 3))
  expect(spool.release(records[1] ?? expect.fail())).toBe(20)
  expect(spool.release(records[0] ?? expect.fail())).toBe(0)
  expect(spool.peekMany(1, 0).map((record) => record.sequence)).toEqual(sequences.slice(2, 3))
  expect(spool.stats().items).toBe(20)
})

test('beyond maxBytes the oldest records go, in whole files, and are counted', () => {
  const spool = open({ maxBytes: 1600 })
  for (let i = 0; i < 50; i++) {
    spool.append(bytes(String(i).padStart(68, '0')), 1)
    const onDisk = segments().reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
    expect(onDisk).toBeLessThanOrEqual(1600)
  }
  const left = drain(spool).map(Number)
  expect(left).toEqual(Array.from({ length: 16 }, (_, i) => 34 + i))
  expect(drops).toHaveLength(34)
  expect(new Set(drops)).toEqual(new Set(['1 size']))
})

test('a record that was read but is dropped before its release is reported once', () => {
  const spool = open({ maxBytes: 400 })
  spool.append(Buffer.alloc(150), 7)
  const record = spool.peek() ?? expect.fail()
  spool.append(Buffer.alloc(150), 1)
  spool.append(Buffer.alloc(150), 1)
  expect(drops).toEqual(['7 size'])
  expect(spool.release(record)).toBe(0)
  expect(spool.stats().items).toBe(2)
})

test('a record larger than the spool is refused by name', () => {
  const spool = open({ maxBytes: 100 })
  expect(() => spool.append(Buffer.alloc(100), 1)).toThrow(
    /^Cannot spool 100 bytes in .*: the spool holds 100 bytes at most$/,
  )
  spool.append(Buffer.alloc(68), 1)
  expect(spool.stats().records).toBe(1)
})

test('records older than maxAgeSeconds go one by one, and are counted', () => {
  const spool = open({ maxAgeSeconds: 100 })
  for (let i = 0; i < 5; i++) {
    spool.append(bytes(`${i}`), 1)
    nowMs += 40_000
  }
  // At 200 s, the records of 0, 40 and 80 s are too old.
  expect(drain(spool)).toEqual(['3', '4'])
  expect(drops.reduce((sum, drop) => sum + Number(drop.split(' ')[0]), 0)).toBe(3)
  expect(drops.every((drop) => drop.endsWith('age'))).toBe(true)
})

test('a clock that is set makes nothing old that has not waited, and nothing young that has', () => {
  let steadyMs = 0
  const pass = (ms: number) => {
    nowMs += ms
    steadyMs += ms
  }
  const spool = open({ maxAgeSeconds: 100, steadyNow: () => steadyMs })
  spool.append(bytes('before'), 1)
  nowMs += 3_600_000
  expect(spool.stats().oldestSeconds).toBe(0)
  spool.append(bytes('ahead'), 1)
  nowMs -= 7_200_000
  pass(60_000)
  spool.append(bytes('back'), 1)
  expect(spool.stats()).toMatchObject({ records: 3, oldestSeconds: 60 })
  pass(60_000)
  expect(spool.stats().oldestSeconds).toBe(120)
  expect(drain(spool)).toEqual(['back'])
  expect(drops).toEqual(['2 age'])
})

test.each([1, headerBytes - 1, headerBytes, headerBytes + 1])(
  'a tail torn after %i bytes is cut off and the spool goes on',
  (kept) => {
    let spool = open()
    spool.append(bytes('whole'), 2)
    const size = statSync(lastSegment()).size
    spool.append(bytes('torn'), 5)
    spool.close()
    truncateSync(lastSegment(), size + kept)
    spool = open()
    expect(spool.stats()).toMatchObject({ records: 1, items: 2 })
    expect(drops).toEqual(kept >= headerBytes ? ['5 corrupt'] : [])
    spool.append(bytes('next'), 1)
    expect(drain(spool)).toEqual(['whole', 'next'])
  },
)

test('a tail of zeros, as power loss leaves it, is cut off', () => {
  let spool = open()
  spool.append(bytes('whole'), 2)
  spool.close()
  const size = statSync(lastSegment()).size
  truncateSync(lastSegment(), size + 500)
  spool = open()
  expect(statSync(lastSegment()).size).toBe(size)
  expect(drain(spool)).toEqual(['whole'])
})

/** Overwrites bytes of a file in place. */
function damage(file: string, offset: number, length = 1): void {
  const fd = openSync(file, 'r+')
  const inverted = readFileSync(file)
    .subarray(offset, offset + length)
    .map((byte) => byte ^ 255)
  writeSync(fd, inverted, 0, length, offset)
  closeSync(fd)
}

test.each([
  ['data', headerBytes + 5 + headerBytes],
  ['header', headerBytes + 5 + 9],
])('damaged %s costs that record only, and its items are counted', (_, offset) => {
  const spool = open()
  for (const text of ['first', 'second', 'third']) spool.append(bytes(text), 10)
  damage(lastSegment(), offset)
  expect(drain(spool)).toEqual(['first', 'third'])
  expect(drops).toEqual(['10 corrupt'])
  expect(spool.stats()).toMatchObject({ records: 0, items: 0, bytes: 0 })
})

test('damage found after reopening is counted the same', () => {
  let spool = open()
  for (const text of ['first', 'second', 'third']) spool.append(bytes(text), 10)
  spool.close()
  damage(lastSegment(), 0, headerBytes + 5 + headerBytes)
  spool = open()
  expect(drain(spool)).toEqual(['third'])
  expect(drops).toEqual(['20 corrupt'])
})

test('damage up to the end of all files drops the rest', () => {
  const spool = open({ maxBytes: 1000 })
  for (let i = 0; i < 4; i++) spool.append(bytes(`record ${i}`), 10)
  for (const name of segments().slice(1)) damage(join(dir, name), 0, 8)
  expect(drain(spool)).toEqual(['record 0'])
  expect(drops).toEqual(['30 corrupt'])
  spool.append(bytes('after'), 1)
  expect(drain(spool)).toEqual(['after'])
})

test('a damaged position file makes records reappear, never vanish', () => {
  let spool = open()
  for (const text of ['a', 'b', 'c']) spool.append(bytes(text), 1)
  spool.release(spool.peek() ?? expect.fail())
  spool.close()
  damage(join(dir, 'position'), 4)
  spool = open()
  expect(drain(spool)).toEqual(['a', 'b', 'c'])
})

test('a second opening is refused while the first lives, and works after it', () => {
  const spool = open()
  expect(() => open()).toThrow(/^Cannot open spool .*: process \d+ has it open$/)
  spool.close()
  open()
})

test('a lock left by a process that is gone is taken over', () => {
  // Pid 2^22 is above Linux's largest; the other is this process's pid at another start time.
  for (const stale of [`${2 ** 22 + 1} 1`, `${process.pid} 1`, 'nonsense']) {
    symlinkSync(stale, join(dir, 'lock'))
    open().close()
    // As earlier versions made it, and as it is where there are no such links.
    for (const text of [stale, '']) {
      writeFileSync(join(dir, 'lock'), text)
      open().close()
    }
  }
  expect(readdirSync(dir).filter((name) => name.startsWith('lock'))).toEqual([])
})

test('opening needs no room on the disk: a full one can only be emptied by whoever starts on it', () => {
  open().append(bytes('kept'), 1)
  opened.pop()?.close()
  // What a process used to write before it had the lock.
  symlinkSync('/dev/full', join(dir, `lock.${process.pid}`))
  const spool = open()
  expect(() => open()).toThrow(`process ${process.pid} has it open`)
  expect(drain(spool)).toEqual(['kept'])
})

test('a folder that cannot be made is named', () => {
  writeFileSync(join(dir, 'file'), '')
  expect(() => open({ dir: join(dir, 'file', 'spool') })).toThrow(/^Cannot open spool .*file\/spool: /)
})

test('a closed spool says so', () => {
  const spool = open()
  spool.append(bytes('a'), 1)
  spool.close()
  expect(() => spool.append(bytes('b'), 1)).toThrow(/it is closed/)
  expect(() => spool.peek()).toThrow(/it is closed/)
  expect(spool.stats()).toMatchObject({ records: 1, items: 1 })
})
