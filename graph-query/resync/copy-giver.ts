import { randomUUID } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { tokenRefusal } from '../reader/wire.ts'
import type { LinkAccess } from '../reader/wire.ts'
import { checksumOf } from '../store/checksum.ts'
import { storePath } from '../store/manifest.ts'
import { isVanished } from '../store/verification.ts'
import { copyMethod, copyQuestions } from './copy-questions.ts'
import type { CopyFile, CopyQuestion, CopyState } from './copy-questions.ts'

export interface CopyGiverOptions {
  readonly dir: string
  readonly access: LinkAccess
  /** Unix seconds when the store was begun empty, 0 when it has always been there. */
  readonly begins: number
  /** Of the files there are, about. */
  readonly bytes: () => number
  /** What all takers together get. */
  readonly bytesPerSecond: number
  readonly counters: Counters
  readonly log: Logger
}

/** Gives the files of a running store to another copy of this node, which asks for one piece after the other. */
export interface CopyGiver {
  readonly calls: Readonly<Record<string, (params: unknown) => Promise<unknown>>>
  close(): Promise<void>
}

/** Each taker has one open, besides what those left open that died: the one that was longest unused goes for a new one. */
const mostOpen = 32
const idleMs = 60_000
const mostListings = 20

export function createCopyGiver(options: CopyGiverOptions): CopyGiver {
  const { dir, access, counters, log } = options
  /** By id; the one that was used last comes last. */
  const files = new Map<string, { readonly handle: FileHandle; readonly usedAt: number }>()
  let nextTurnAt = 0
  counters.add('ResyncGivenBytes', 0)

  const sweep = setInterval(() => {
    for (const [id, { usedAt }] of files) if (performance.now() - usedAt > idleMs) void closeFile(id)
  }, idleMs / 4)
  sweep.unref()

  async function closeFile(id: string): Promise<void> {
    const file = files.get(id)
    files.delete(id)
    await file?.handle.close()
  }

  /** Resolves when it is time for so many more bytes. */
  async function turn(bytes: number): Promise<void> {
    const now = performance.now()
    const at = Math.max(now, nextTurnAt)
    nextTurnAt = at + (bytes / options.bytesPerSecond) * 1000
    if (at > now) await sleep(at - now)
  }

  const answered: { [Q in CopyQuestion]: (params: z.output<(typeof copyQuestions)[Q]>) => Promise<unknown> } = {
    async state({ token }): Promise<CopyState> {
      return {
        hasStore: true,
        begins: options.begins,
        bytes: options.bytes(),
        refusal: tokenRefusal(token, access) ?? null,
      }
    },
    list: () => listFiles(dir),
    async open({ path }) {
      let handle: FileHandle
      try {
        handle = await open(join(dir, path), 'r')
      } catch (error) {
        if (isVanished(error)) return null
        throw error
      }
      const [unused] = files.keys()
      if (files.size >= mostOpen && unused !== undefined) await closeFile(unused)
      const id = randomUUID()
      files.set(id, { handle, usedAt: performance.now() })
      const { size, mtimeMs } = await handle.stat()
      log.debug({ path, bytes: size }, 'a file is copied by another node')
      return { id, bytes: size, modified: Math.round(mtimeMs) }
    },
    async read({ id, position, length }) {
      const file = files.get(id)
      if (!file) throw new Error('this file is not open')
      files.delete(id)
      files.set(id, { handle: file.handle, usedAt: performance.now() })
      await turn(length)
      const answer = Buffer.allocUnsafe(4 + length)
      for (let done = 0; done < length;) {
        const { bytesRead } = await file.handle.read(answer, 4 + done, length - done, position + done)
        if (bytesRead === 0) throw new Error(`the file has no ${length} bytes at ${position}`)
        done += bytesRead
      }
      answer.writeUInt32LE(checksumOf(answer, 4, answer.length, position >>> 0))
      counters.add('ResyncGivenBytes', length)
      return answer
    },
    async close({ id }) {
      await closeFile(id)
      return null
    },
  }

  const calls = Object.entries(answered).map(([question, answer]) => [
    copyMethod(question as CopyQuestion),
    async (params: unknown) => {
      const checked = copyQuestions[question as CopyQuestion].parse(params)
      // Whether there is a store at all is told to everybody: a fresh cluster must not wait for a token.
      const refusal = question === 'state' ? undefined : tokenRefusal(checked.token, access)
      if (refusal !== undefined) throw new Error(`Cannot give a copy to another node: ${refusal}`)
      // The schema of a question gives what its answerer takes.
      return (answer as (p: unknown) => Promise<unknown>)(checked)
    },
  ])

  return {
    calls: Object.fromEntries(calls) as CopyGiver['calls'],
    async close() {
      clearInterval(sweep)
      await Promise.all([...files.keys()].map(closeFile))
    },
  }
}

/**
 * All files of the store as they were at one moment: names are read until two readings agree, since one that is read
 * while a merged segment takes the place of others may have neither.
 */
async function listFiles(dir: string): Promise<CopyFile[]> {
  for (let tries = 0; tries < mostListings; tries++) {
    const paths = await pathsIn(dir)
    const files = await Promise.all(paths.map((path) => describe(dir, path)))
    const there = files.flatMap((file) => file ?? [])
    if (there.length === paths.length && (await pathsIn(dir)).join() === paths.join()) return there
  }
  throw new Error('the files of the store change too fast')
}

async function pathsIn(dir: string): Promise<string[]> {
  const names = await readdir(dir)
  const folders = names.filter((name) => /^(wal|step-\d+)$/.test(name))
  const inFolders = folders.map(async (folder) => (await readdir(join(dir, folder))).map((name) => `${folder}/${name}`))
  const paths = [...names, ...(await Promise.all(inFolders)).flat()]
  return paths.filter((path) => storePath.safeParse(path).success).toSorted()
}

/** Undefined when it has gone. */
async function describe(dir: string, path: string): Promise<CopyFile | undefined> {
  try {
    const { size, mtimeMs } = await stat(join(dir, path))
    return { path, bytes: size, modified: Math.round(mtimeMs) }
  } catch (error) {
    if (isVanished(error)) return undefined
    throw error
  }
}
