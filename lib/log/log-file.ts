import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DestinationStream } from 'pino'
import { createOutput } from './output.ts'

/**
 * A log of our own: appended to until the next line would take it beyond `maxBytes`, then it moves to `<path>.1` (older ones
 * up to `.<keep>`, the oldest goes) and a new one begins. All of them together never take more than `maxBytes * (keep + 1)`,
 * but for a single line that is longer than `maxBytes`. @throws when the first one cannot be opened
 */
export function createLogFile(path: string, options: { maxBytes: number; keep: number }): DestinationStream {
  mkdirSync(dirname(path), { recursive: true })
  let descriptor: number | undefined = openSync(path, 'a')
  let size = fstatSync(descriptor).size
  // There is none while the file cannot be opened again; what is written then is lost, and told later.
  const output = createOutput(() => descriptor ?? -1)

  function beginAnew(): void {
    if (descriptor !== undefined) closeSync(descriptor)
    descriptor = undefined
    try {
      moveUp(path, options.keep)
      descriptor = openSync(path, 'a')
    } catch {
      descriptor = reopened(path)
    }
    size = 0
  }

  return {
    write(line) {
      const bytes = Buffer.byteLength(line)
      if (descriptor === undefined || (size > 0 && size + bytes > options.maxBytes)) beginAnew()
      output.write(line)
      size += bytes
    },
  }
}

function moveUp(path: string, keep: number): void {
  for (let i = keep - 1; i >= 1; i--) if (existsSync(`${path}.${i}`)) renameSync(`${path}.${i}`, `${path}.${i + 1}`)
  renameSync(path, `${path}.1`)
}

/** Windows moves no file that somebody reads: then the log begins anew in its place. */
function reopened(path: string): number | undefined {
  try {
    return openSync(path, 'w')
  } catch {
    return undefined // The disk refuses; the next line tries again.
  }
}
