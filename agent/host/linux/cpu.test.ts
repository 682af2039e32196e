import { expect, test } from 'vitest'
import { parseCpuCount, parseCpuMhz, parseStat } from './cpu.ts'

const current = `cpu  4705 356 584 3699 23 24 7 100 50 10
cpu0 2350 178 292 1849 11 11 3 50 25 5
cpu1 2355 178 292 1850 12 12 4 50 25 5
intr 114930548 113199788 3 0
ctxt 1990473
btime 1795188000
`

test('the ten columns of a current kernel and its context switches', () => {
  expect(parseStat(current)).toEqual({
    user: 4705,
    nice: 356,
    system: 584,
    idle: 3699,
    iowait: 23,
    irq: 24,
    softirq: 7,
    steal: 100,
    guest: 50,
    guestNice: 10,
    contextSwitches: 1990473,
  })
})

test('columns that an old kernel lacks read 0', () => {
  const old = parseStat('cpu  10 20 30 40 50 60 70\ncpu0 10 20 30 40 50 60 70\nctxt 5\n')
  expect(old).toMatchObject({ softirq: 70, steal: 0, guest: 0, guestNice: 0, contextSwitches: 5 })
})

test.each([
  ['', 'it has no line "cpu"'],
  ['cpu  1 2 3 4\n', 'no line "ctxt"'],
  ['cpu  1 x 3 4\nctxt 5\n', '"x" is not a number'],
])('%j is refused with the reason', (text, reason) => expect(() => parseStat(text)).toThrow(reason))

test('processors are counted by their lines', () => {
  expect(parseCpuCount(current)).toBe(2)
})

test('MHz is that of the first processor that tells, and nothing where none does', () => {
  expect(parseCpuMhz('processor\t: 0\ncpu MHz\t\t: 2599.998\n\nprocessor\t: 1\ncpu MHz\t\t: 800.1\n')).toBe('2599.998')
  expect(parseCpuMhz('processor\t: 0\nBogoMIPS\t: 108.00\n')).toBeUndefined()
})
