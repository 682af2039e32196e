import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { capacityTable, readMeasured, withTable } from './capacity.ts'

test('the table in docs/scale.md is what the measured figures make', () => {
  const text = readFileSync(new URL('../docs/scale.md', import.meta.url), 'utf8')
  expect(withTable(text, capacityTable(readMeasured()))).toBe(text)
})

test('cores, memory and disk follow from cost a sample and bytes a point', () => {
  const one = { value: 1 }
  const table = capacityTable({
    transferMicros: { value: 6 },
    judgeMicros: one,
    graphMicros: { value: 2.4 },
    rawPointBytes: { value: 2 },
    archiveRowBytes: { value: 0 },
    transferSeriesBytes: { value: 1000 },
    judgeSeriesBytes: one,
    graphSeriesBytes: { value: 2000 },
  })
  const row = table.split('\n').find((line) => line.startsWith('| 100 M'))
  const cells = row?.split('|').map((cell) => cell.trim())
  // 100 M a minute × 2 bytes are 288 GB a day; 15.7 cores on machines of which 8 are planned for.
  expect(cells?.slice(1, -1).join(' ')).toBe('100 M 1 M 10.00 1.67 4.00 100.0 GB 100 MB 200.0 GB 288.0 GB 8.6 TB 9')
})
