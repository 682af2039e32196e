import { openSpool } from '#lib/spool'
import type { Spool, SpoolOptions } from '#lib/spool'

/** Between two attempts to open it. */
const retryMs = 5000

/** What a disk says that may take things again later; anything else (no right, a file in the way) is for the operator. */
const passing = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

/**
 * The spool of a folder. On a disk that refuses for now (full, read-only) it stays empty and refuses what is appended, until
 * opening it succeeds: a host whose disk is full is the last that should go unwatched. `onOpen` is then told how many items
 * were in it. `now` in milliseconds.
 * @throws when another process has it open or the folder cannot be used at all.
 */
export function openSpoolWhenPossible(
  options: SpoolOptions & { readonly now: () => number; readonly onOpen?: (items: number) => void },
  open: (options: SpoolOptions) => Spool = openSpool,
): Spool {
  const { dir, log, now } = options
  let spool: Spool | undefined
  let triedMs = now()
  let refusal: unknown

  function attempt(): void {
    triedMs = now()
    try {
      spool = open(options)
      options.onOpen?.(spool.stats().items)
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
      if (code === undefined || !passing.has(code)) throw error
      refusal = error
    }
  }

  function opened(): Spool | undefined {
    if (spool || Math.abs(now() - triedMs) < retryMs) return spool
    attempt()
    if (spool) log.info({ dir }, 'spool open at last')
    return spool
  }

  attempt()
  if (!spool) log.error({ dir, err: refusal }, 'the disk refuses the spool, samples are held in memory only')
  return {
    append(record, items) {
      const target = opened()
      if (!target) throw refusal
      return target.append(record, items)
    },
    peek: () => opened()?.peek(),
    peekMany: (maxItems, maxBytes) => opened()?.peekMany(maxItems, maxBytes) ?? [],
    release: (record) => spool?.release(record) ?? 0,
    stats: () => spool?.stats() ?? { records: 0, items: 0, bytes: 0, oldestSeconds: 0 },
    close: () => spool?.close(),
  }
}
