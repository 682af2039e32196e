import { writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** How often, and how long, a full pipe is waited for before a line is given up. */
const retries = 10
const retryMs = 5

/**
 * Writes log lines to a file descriptor, at once. A log that cannot be written, on a full disk above all, must not stop the
 * module (pino's own destination would end the process, or with a limit never write again): such lines are lost, and how
 * many is told by the first line that can be written again.
 */
export function createOutput(descriptor: () => number): DestinationStream {
  let lost = 0
  let torn = false
  return {
    write(line) {
      const notice = lost === 0 ? '' : lostLines(lost)
      const written = writeAll(descriptor(), Buffer.from(`${torn ? '\n' : ''}${notice}${line}`))
      if (written === 'all') {
        lost = 0
        torn = false
      } else {
        lost++
        torn ||= written === 'part'
      }
    },
  }
}

function lostLines(lines: number): string {
  const time = new Date().toISOString()
  return `${JSON.stringify({ level: 'warn', time, lines, msg: 'log lines were lost, they could not be written' })}\n`
}

function writeAll(descriptor: number, bytes: Buffer): 'all' | 'part' | 'nothing' {
  let at = 0
  for (let tries = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++tries > retries) return at === 0 ? 'nothing' : 'part'
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    }
  }
  return 'all'
}
