import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogFile } from './log-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falcon-own-log-'))
  path = join(folder, 'logs', 'a.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('all files of a log together stay below their cap, and hold the newest lines in order', () => {
  const log = createLogFile(path, { maxBytes: 100, keep: 2 })
  for (let i = 100; i < 200; i++) log.write(`line ${i}\n`)
  const names = readdirSync(join(folder, 'logs')).toSorted()
  expect(names).toEqual(['a.log', 'a.log.1', 'a.log.2'])
  for (const name of names) expect(statSync(join(folder, 'logs', name)).size).toBeLessThanOrEqual(100)
  const kept = names.toReversed().map((name) => readFileSync(join(folder, 'logs', name), 'utf8'))
  const lines = kept.join('').trimEnd().split('\n')
  expect(lines.at(-1)).toBe('line 199')
  expect(lines).toEqual(Array.from({ length: lines.length }, (_, i) => `line ${200 - lines.length + i}`))
})

test('an existing log is continued, and its size counts', () => {
  createLogFile(path, { maxBytes: 100, keep: 1 }).write('x'.repeat(90))
  createLogFile(path, { maxBytes: 100, keep: 1 }).write('y'.repeat(20))
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('x'.repeat(90))
  expect(readFileSync(path, 'utf8')).toBe('y'.repeat(20))
})

test('a log that cannot be moved begins anew in its place, so that it does not grow', () => {
  const log = createLogFile(path, { maxBytes: 30, keep: 1 })
  // A folder of that name is in the way.
  mkdirSync(join(`${path}.1`, 'full'), { recursive: true })
  log.write('a line of some length\n')
  log.write('another of some length\n')
  expect(readFileSync(path, 'utf8')).toBe('another of some length\n')
})

test('while the folder is gone lines are lost, and how many is told once it is back', () => {
  const log = createLogFile(path, { maxBytes: 10, keep: 1 })
  log.write('the first\n')
  rmSync(join(folder, 'logs'), { recursive: true })
  log.write('the second\n')
  log.write('the third\n')
  mkdirSync(join(folder, 'logs'))
  log.write('the fourth\n')
  expect(readFileSync(path, 'utf8')).toMatch(/"lines":2,.*lost.*\nthe fourth\n$/)
})
