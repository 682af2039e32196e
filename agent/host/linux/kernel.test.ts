import { expect, test } from 'vitest'
import { parseKernelLimits, parseLoadAverage, parseUptime } from './kernel.ts'

test('load averages come with the tasks that run and those there are', () => {
  expect(parseLoadAverage('0.16 0.45 0.64 2/256 11206\n')).toEqual({
    oneMinute: 0.16,
    fiveMinutes: 0.45,
    fifteenMinutes: 0.64,
    runningTasks: 2,
    totalTasks: 256,
  })
})

test.each(['', '0.1 0.2\n', '0.1 0.2 0.3 x/y 1\n'])('%j is no load average', (text) =>
  expect(() => parseLoadAverage(text)).toThrow('Cannot understand /proc/loadavg'),
)

test('limits of old and new kernels, the new ones beyond what a double counts exactly', () => {
  expect(parseKernelLimits('391884\n', '963\t0\t391884\n', '32768\n')).toEqual({
    maxFiles: 391884,
    allocatedFiles: 963,
    maxProcesses: 32768,
  })
  expect(parseKernelLimits('9223372036854775807\n', '1\t0\t9223372036854775807\n', '4194304\n').maxFiles).toBe(2 ** 63)
})

test('uptime is the first number', () => {
  expect(parseUptime('3725.17 7300.01\n')).toBe(3725.17)
})
