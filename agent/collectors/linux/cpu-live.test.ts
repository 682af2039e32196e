import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createLinuxHost } from '../../host/linux.ts'
import { createCpuCollector } from './cpu.ts'

/** Burns one processor for half a second of its time, then waits out the rest of a second without taking any. */
const burnHalfASecond = `
  const start = performance.now()
  while (process.cpuUsage().user < 500_000);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, 1000 - (performance.now() - start)))
`

/** The first line of /proc/stat: ticks that passed in all, and those in which no processor had anything to do. */
function ticksNow(): { total: number; idle: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, idle = 0, ...others] = line.split(/ +/).slice(1, 9).map(Number)
  return { total: [user, nice, system, idle, ...others].reduce((sum, ticks) => sum + ticks, 0), idle }
}

test('cpu.busy is the average over the step: what was burned in its first half is in it, though all is quiet at its end', async () => {
  const cpu = createCpuCollector(createLinuxHost({ root: '/' }))
  const around = async () => {
    const before = ticksNow()
    const samples = await cpu.collect()
    return { before, samples, after: ticksNow() }
  }
  const first = await around()
  const burned = spawnSync(process.execPath, ['-e', burnHalfASecond])
  expect(burned.status, String(burned.stderr)).toBe(0)
  const second = await around()
  const busy = second.samples.find(({ metric }) => metric === 'cpu.busy')?.value ?? Number.NaN

  // What the kernel says of the shortest and of the longest time that the collector can have looked at.
  const share = (from: { total: number; idle: number }, to: { total: number; idle: number }) =>
    100 - (100 * (to.idle - from.idle)) / (to.total - from.total)
  const shares = [share(first.after, second.before), share(first.before, second.after)]
  // Some kernels let idle fall by a few ticks.
  expect(busy).toBeGreaterThan(Math.min(...shares) - 3)
  expect(busy).toBeLessThan(Math.max(...shares) + 3)
  // Ticks are of 10 ms: of the 50 that were burned all but a few, whoever else was busy.
  const total = second.after.total - first.before.total
  expect((busy / 100) * total).toBeGreaterThan(45)
  expect(busy).toBeLessThanOrEqual(100)
})
