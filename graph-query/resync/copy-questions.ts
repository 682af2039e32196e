import { z } from 'zod'
import { storePath } from '../store/manifest.ts'

/** The name with which a node greets that asks for a copy: a node without a store lets nobody else in. */
export const copyAsker = 'graph-query copy'

/** Bytes of a file that travel in one answer. */
export const chunkBytes = 2 ** 20

const token = z.string()
const file = z.object({
  path: storePath,
  bytes: z.int().min(0),
  /** Milliseconds since 1970. A segment of the same path, size and time is the same. */
  modified: z.int(),
})

/** What a node without a store asks another copy of it over the link. The answer to `read` is bytes: a CRC-32 (u32), then what it is of. */
export const copyQuestions = {
  state: z.object({ token }),
  list: z.object({ token }),
  open: z.object({ token, path: storePath }),
  read: z.object({ token, id: z.string(), position: z.int().min(0), length: z.int().min(1).max(chunkBytes) }),
  close: z.object({ token, id: z.string() }),
}

export const copyAnswers = {
  state: z.object({
    hasStore: z.boolean(),
    /** Unix seconds when it was begun empty, 0 when it has always been there. */
    begins: z.number(),
    bytes: z.number(),
    /** Why the asker gets no copy, null when it does. */
    refusal: z.string().nullable(),
  }),
  list: z.array(file),
  /** An open file keeps its bytes also when its name goes; null when there is none of that name. */
  open: z.object({ id: z.string(), bytes: z.int().min(0), modified: z.int() }).nullable(),
}

export type CopyFile = z.output<typeof file>
export type CopyState = z.output<typeof copyAnswers.state>
export type CopyQuestion = keyof typeof copyQuestions

/** Where a question comes in on the link. */
export const copyMethod = (question: CopyQuestion) => `graph.copy.${question}`
