import { writeSync } from 'node:fs'
import { openStore } from './store.ts'

/**
 * A process that is made to be killed: it appends point after point to the store in argv[2], from the time in argv[3] on,
 * and prints each time whose points are acknowledged. Its clock runs with the points, so that windows are written,
 * merged and made into archives all the while.
 */
export const crashSeries = 20
export const crashStep = 60
export const crashValue = (series: number, time: number) => ((time / crashStep) * 31 + series * 7) % 1009

if (process.argv[2] !== undefined && process.argv[3] !== undefined)
  await write(process.argv[2], Number(process.argv[3]))

async function write(dir: string, start: number): Promise<void> {
  let time = start
  const store = await openStore({ dir, now: () => time, onEvent: () => undefined })
  const slots = Array.from({ length: crashSeries }, (_, i) =>
    store.define({ endpoint: 'e', counter: `c${i}`, kind: 'GAUGE', step: crashStep }),
  )
  for (; ; time += crashStep) {
    for (const [i, slot] of slots.entries()) store.append(slot, time, crashValue(i, time))
    await store.commit()
    writeSync(1, `${time}\n`)
    if ((time / crashStep) % 7 === 0) void store.maintain()
    // The thread that writes segments takes a while to start: without waiting now and then it would be killed first.
    if ((time / crashStep) % 101 === 0) await store.maintain()
    if ((time / crashStep) % 13 === 0) void store.sync()
  }
}
