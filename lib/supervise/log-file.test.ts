import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lastLines, rotateLog } from './log-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'falcon-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a log above its limit moves to .1, older ones move up, the oldest goes', () => {
  const path = join(folder, 'a.log')
  for (const text of ['first', 'second', 'third', 'fourth']) {
    writeFileSync(path, text)
    expect(rotateLog(path, 3, 2)).toBe(true)
    expect(statSync(path).size).toBe(0)
  }
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('fourth')
  expect(readFileSync(`${path}.2`, 'utf8')).toBe('third')
  expect(existsSync(`${path}.3`)).toBe(false)
})

test('a log below its limit and a log that does not exist stay as they are', () => {
  const path = join(folder, 'b.log')
  expect(rotateLog(path, 3, 2)).toBe(false)
  writeFileSync(path, 'abc')
  expect(rotateLog(path, 3, 2)).toBe(false)
})

test('the last lines, or those from a byte on', () => {
  const path = join(folder, 'c.log')
  writeFileSync(path, 'one\ntwo\n')
  const size = statSync(path).size
  appendFileSync(path, 'three\nfour\n')
  expect(lastLines(path, 2)).toEqual(['three', 'four'])
  expect(lastLines(path, 10, size)).toEqual(['three', 'four'])
  expect(lastLines(join(folder, 'none.log'), 5)).toEqual([])
})
