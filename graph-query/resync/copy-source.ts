import type { z } from 'zod'
import type { LinkClient } from '#lib/link'
import { checksumOf } from '../store/checksum.ts'
import { copyAnswers, copyMethod } from './copy-questions.ts'
import type { CopyFile } from './copy-questions.ts'

/** The files of another copy's store. Everything rejects with `CopyBroken` when the other side or the way to it is at fault. */
export interface CopySource {
  list(): Promise<readonly CopyFile[]>
  /** Undefined when there is no file of that name any more. */
  open(path: string): Promise<{ readonly id: string; readonly bytes: number; readonly modified: number } | undefined>
  /** Exactly these bytes, as the other side read them. */
  read(id: string, position: number, length: number): Promise<Uint8Array>
  close(id: string): Promise<void>
}

/** What was copied so far is of no use without the rest, which does not come. Trying again may help. */
export class CopyBroken extends Error {
  override name = 'CopyBroken'
}

/** A busy disk and a limited rate may delay an answer; a peer that is gone is noticed by the link itself. */
const timeoutMs = 60_000

/** Asks over a link that stands. Once it was lost, the other side may be another store, and nothing more is asked. */
export function createCopySource(client: Pick<LinkClient, 'call' | 'onConnect'>, token: string): CopySource {
  let isLost = false
  client.onConnect(() => (isLost = true))

  async function call(question: 'list' | 'open' | 'read' | 'close', params: object): Promise<unknown> {
    if (isLost) throw new CopyBroken('the link was lost meanwhile')
    try {
      return await client.call(copyMethod(question), { token, ...params }, timeoutMs)
    } catch (error) {
      throw new CopyBroken((error as Error).message, { cause: error })
    }
  }

  return {
    list: async () => checked(copyAnswers.list, await call('list', {})),
    open: async (path) => checked(copyAnswers.open, await call('open', { path })) ?? undefined,
    async read(id, position, length) {
      const answer = await call('read', { id, position, length })
      if (!(answer instanceof Uint8Array) || answer.length !== 4 + length)
        throw new CopyBroken(`${length} bytes were asked for, something else came`)
      const sum = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true)
      if (sum !== checksumOf(answer, 4, answer.length, position >>> 0))
        throw new CopyBroken(`${length} bytes at ${position} arrived damaged`)
      return answer.subarray(4)
    },
    close: async (id) => void (await call('close', { id })),
  }
}

function checked<T>(schema: z.ZodType<T>, answer: unknown): T {
  const { success, data, error } = schema.safeParse(answer)
  if (!success) throw new CopyBroken(`the answer cannot be understood: ${error.message}`)
  return data
}
