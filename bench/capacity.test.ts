import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { capacityTable, enginesTable, readMeasured, withTables } from './capacity.ts'

test('the tables in docs/scale.md are what the measured figures make', () => {
  const text = readFileSync(new URL('../docs/scale.md', import.meta.url), 'utf8')
  expect(withTables(text, readMeasured())).toBe(text)
})

const one = { value: 1 }
const measured = {
  transferMicros: { value: 6 },
  judgeMicros: one,
  graphMicros: { value: 2.4 },
  rawPointBytes: { value: 2 },
  archiveRowBytes: { value: 0 },
  transferSeriesBytes: { value: 1000 },
  judgeSeriesBytes: one,
  graphSeriesBytes: { value: 2000 },
  victoriametricsMicros: { value: 12 },
  victoriametricsSeriesBytes: { value: 500 },
  victoriametricsPointBytes: { value: 4 },
}

function cellsOf(table: string): string | undefined {
  const row = table.split('\n').find((line) => line.startsWith('| 100 M'))
  const cells = row?.split('|').map((cell) => cell.trim())
  return cells?.slice(1, -1).join(' ')
}

test('cores, memory and disk follow from cost a sample and bytes a point', () => {
  // 100 M a minute × 2 bytes are 288 GB a day; 15.7 cores on machines of which 8 are planned for.
  expect(cellsOf(capacityTable(measured))).toBe('100 M 1 M 10.00 1.67 4.00 100.0 GB 100 MB 200.0 GB 288.0 GB 8.6 TB 9')
})

test('the other engine keeps every raw point of a year', () => {
  // 100 M × 525 600 minutes × 4 bytes; 20 cores need 3 machines of which 8 cores are planned for, 200 GB six or more.
  expect(cellsOf(enginesTable(measured))).toBe('100 M 4.00 20.00 200.0 GB 50.0 GB 8.6 TB 210.2 TB 6 3')
})
