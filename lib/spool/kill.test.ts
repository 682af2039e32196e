import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '#lib/log'
import { openSpool } from './open-spool.ts'
import { recordSize } from './kill-writer.ts'

const log = createLogger('test', { destination: { write: () => undefined } })
const writer = fileURLToPath(new URL('kill-writer.ts', import.meta.url))
const node = [process.execPath, '--conditions=source', '--import', 'tsx', writer]
let dir = ''
let child: ChildProcess | undefined

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-kill-'))
})

afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(dir, { recursive: true })
})

/** Runs the writer and collects the lines it prints: `appended <n>`, `released <n>`, `refused <reason>`. */
function startWriter(command: string[]): {
  exited: Promise<unknown>
  lines: string[]
  said: (text: string) => Promise<void>
} {
  const [file = '', ...args] = command
  const started = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child = started
  const lines: string[] = []
  let rest = ''
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  const exited = once(started, 'close')
  return {
    exited,
    lines,
    async said(text) {
      while (!lines.some((line) => line.startsWith(text))) {
        const outcome = await Promise.race([once(started.stdout, 'data'), exited.then(() => 'exited')])
        if (outcome === 'exited') throw new Error(`the writer never said ${text}`)
      }
    },
  }
}

const numbersOf = (lines: string[], word: string) =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]))

/** The numbers of the records in the spool; checks each one's bytes. */
function readAll(): { numbers: number[]; items: number; drops: string[] } {
  const drops: string[] = []
  const spool = openSpool({
    dir,
    maxBytes: 2 ** 30,
    maxAgeSeconds: 3600,
    log,
    onDrop: (items, reason) => drops.push(`${items} ${reason}`),
  })
  try {
    const numbers: number[] = []
    const { items } = spool.stats()
    let read = 0
    for (const record of spool.peekMany(Infinity, Infinity)) {
      const data = Buffer.from(record.data)
      const number = data.readUInt32LE(0)
      expect(data.length).toBe(recordSize(number))
      expect(data.subarray(4).every((byte) => byte === number % 251)).toBe(true)
      numbers.push(number)
      read += record.items
    }
    expect(read).toBe(items)
    return { numbers, items, drops }
  } finally {
    spool.close()
  }
}

test('killed at any moment, the spool has every record whose append had returned, and none that was released', async () => {
  let appended = -1
  let released = -1
  for (const delayMs of [0, 7, 23, 61, 120]) {
    const { exited, lines, said } = startWriter([...node, dir, String(appended + 1)])
    await said('appended')
    expect(readAll).toThrow(`process ${child?.pid} has it open`)
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    child?.kill('SIGKILL')
    await exited
    appended = Math.max(appended, ...numbersOf(lines, 'appended'))
    released = Math.max(released, ...numbersOf(lines, 'released'))
    const { numbers } = readAll()
    // With everything released it is empty.
    const first = numbers[0] ?? released + 1
    const last = numbers.at(-1) ?? released
    // In order and without a hole, from the first unreleased one to the last appended one at least.
    expect(numbers).toEqual(numbers.map((_, i) => first + i))
    // The kill may have come between a step and the line that tells of it.
    expect(first).toBeGreaterThan(released)
    expect(first).toBeLessThanOrEqual(released + 2)
    expect(last).toBeGreaterThanOrEqual(appended)
    appended = last
  }
  expect(appended).toBeGreaterThan(20)
}, 30_000)

test('where the disk takes no more, append says so, earlier records are safe and smaller ones still fit', async () => {
  // A limit on the size of files stands for a full disk: a write is cut short, the next one fails.
  const limited = ['sh', '-c', 'ulimit -f 700; exec "$@"', 'sh', ...node, dir, '0', 'until-refused']
  const { exited, lines } = startWriter(limited)
  await exited
  expect(lines.filter((line) => line.startsWith('refused'))).toEqual([
    expect.stringMatching(/^refused Cannot spool \d+ bytes in .*: EFBIG: file too large, write$/),
  ])
  const appended = numbersOf(lines, 'appended')
  expect(appended.length).toBeGreaterThan(1)
  const { numbers, drops } = readAll()
  expect(numbers).toEqual(appended)
  expect(drops).toEqual([])
  const [segment = ''] = readdirSync(dir).filter((name) => name.endsWith('.seg'))
  expect(statSync(join(dir, segment)).size).toBeLessThanOrEqual(700 * 512)
}, 30_000)
