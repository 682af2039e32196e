/**
 * A process for kill.test.ts: appends numbered records to the spool in the folder given first, from the number given
 * second, releases every third, and tells of each step after it is done. With `until-refused` it stops at the first
 * append that fails, after one small record more.
 */
import { writeSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createLogger } from '#lib/log'
import { openSpool } from './open-spool.ts'

/** Bytes of record `number`: mostly large, so that a kill often comes in the middle of a write. */
export const recordSize = (number: number) => (number % 4 === 3 ? 40 + number : 20_000 + (number % 7) * 50_000)
const smallRecord = 1003

function recordOf(number: number): Buffer {
  const data = Buffer.alloc(recordSize(number), number % 251)
  data.writeUInt32LE(number, 0)
  return data
}

function run(dir: string, first: number, untilRefused: boolean): void {
  const say = (line: string) => void writeSync(1, `${line}\n`)
  const spool = openSpool({
    dir,
    maxBytes: 2 ** 30,
    maxAgeSeconds: 3600,
    log: createLogger('kill-writer', { destination: { write: () => undefined } }),
    onDrop: () => undefined,
  })
  const append = (number: number) => {
    spool.append(recordOf(number), 1 + (number % 5))
    say(`appended ${number}`)
  }
  for (let number = first; ; number++) {
    try {
      append(number)
    } catch (error) {
      say(`refused ${(error as Error).message}`)
      append(smallRecord)
      spool.close()
      return
    }
    if (untilRefused || number % 3 !== 0) continue
    const record = spool.peek()
    if (!record) continue
    spool.release(record)
    say(`released ${Buffer.from(record.data).readUInt32LE(0)}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dir = '', first = '0', mode] = process.argv.slice(2)
  run(dir, Number(first), mode === 'until-refused')
}
