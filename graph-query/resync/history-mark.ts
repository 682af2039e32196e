import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { syncFolder } from '../store/segment-writer.ts'
import { writeWhole } from '../store/whole-file.ts'

const mark = z.object({
  /** Unix seconds when the store was begun empty, 0 when it has always been there. */
  begins: z.int().min(0),
  /** Other copies of this node that may know more, and why they could not be asked or copied. */
  missing: z.array(z.object({ address: z.string(), reason: z.string() })),
  /** An operator wants what another copy has at the next start, whatever is known. */
  wanted: z.literal(true).exactOptional(),
})

/** What a store knows of its own history. A store without it is older than this file, or was restored: it counts as whole. */
export type HistoryMark = z.output<typeof mark>

export const markName = 'history.json'
const whole: HistoryMark = { begins: 0, missing: [] }

/** @throws when the file says something else */
export function readMark(dir: string): HistoryMark {
  const path = join(dir, markName)
  if (!existsSync(path)) return whole
  try {
    return mark.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message
    throw new Error(`Cannot read ${path}: ${why}`, { cause: error })
  }
}

/** Resolves when the disk has it. */
export async function writeMark(dir: string, content: HistoryMark): Promise<void> {
  await writeWhole(join(dir, markName), `${JSON.stringify(content, undefined, 1)}\n`)
  await syncFolder(dir)
}
