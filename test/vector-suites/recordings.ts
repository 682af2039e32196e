import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadVectors, vectorFolder } from './load.ts'

/** One request and its answer, as the bytes that were on the wire (in UTF-8). */
export interface Exchange {
  readonly n: number
  readonly method: string
  readonly request: string
  readonly response: string
  /** Sizes of the reads that saw the answer; absent where the exchange was derived, not recorded. */
  readonly responseChunks?: number[]
}

export interface Recording {
  readonly name: string
  readonly exchanges: Exchange[]
}

/** The JSON-RPC recordings under `wire/` whose file name begins so. Throws when there is none, or none has exchanges. */
export function recordingsOf(prefix: string): Recording[] {
  const names = readdirSync(join(vectorFolder, 'wire')).filter(
    (name) => name.startsWith(prefix) && name.endsWith('.json'),
  )
  const recordings = names.map((name) => {
    const { exchanges } = loadVectors<{ exchanges: Exchange[] }>(`wire/${name}`)
    if (exchanges.length === 0) throw new Error(`Cannot run wire/${name}: it has no exchanges`)
    return { name: name.replace('.json', ''), exchanges }
  })
  if (recordings.length === 0) throw new Error(`Cannot run the recordings wire/${prefix}*.json: there are none`)
  return recordings
}
