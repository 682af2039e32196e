import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'
import { createOutput } from './output.ts'

test('lines arrive whole and in order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-output-'))
  const file = openSync(join(folder, 'log'), 'w')
  try {
    const log = createLogger('m', { destination: createOutput(() => file) })
    log.info({ a: 1 }, 'first')
    log.warn('second')
    const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['first', 'second'])
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
})

test('a full disk costs lines, never the module; how many is told once writing works again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-output-'))
  const full = openSync('/dev/full', 'w')
  try {
    const log = createLogger('m', { destination: createOutput(() => full) })
    expect(() => {
      for (let i = 0; i < 1000; i++) log.info({ i }, 'lost')
    }).not.toThrow()
    closeSync(full)
    // The number is free again and goes to the next file opened.
    const reopened = openSync(join(folder, 'later'), 'w')
    expect(reopened).toBe(full)
    log.info('back')
    closeSync(reopened)
    const lines = readFileSync(join(folder, 'later'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'warn', lines: 1000 },
      { msg: 'back' },
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
