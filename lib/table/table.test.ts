import { expect, test } from 'vitest'
import { formatTable } from './table.ts'

test('numbers stand right, text stands left, and no line ends in blanks', () => {
  expect(
    formatTable(
      ['module', 'pid', 'note'],
      [
        ['hbs', '7', ''],
        ['graph-query', '4321', 'ok'],
      ],
    ),
  ).toBe(['module        pid  note', 'hbs             7', 'graph-query  4321  ok'].join('\n'))
})

test('a table without rows is its heading', () => {
  expect(formatTable(['a', 'b'], [])).toBe('a  b')
})

test('characters outside the basic plane count once', () => {
  expect(
    formatTable(
      ['k', 'v'],
      [
        ['😀', 'x'],
        ['ab', 'y'],
      ],
    ),
  ).toBe('k   v\n😀   x\nab  y')
})
