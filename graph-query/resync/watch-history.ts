import { readMark, writeMark } from './history-mark.ts'
import type { HistoryMark } from './history-mark.ts'
import { openSiblings } from './siblings.ts'
import type { SiblingLinks } from './siblings.ts'

/** Tells an operator that history is missing, for as long as that may be so. */
export interface HistoryWatch {
  /** Unix seconds when this node's store was begun empty, 0 when it has always been there. */
  readonly begins: number
  notices(): string[]
  close(): Promise<void>
}

export interface HistoryWatchOptions extends SiblingLinks {
  readonly dir: string
  /** Links of the other copies of this node. */
  readonly siblings: readonly string[]
  readonly everyMs: number
}

/**
 * Asks the copies that gave none at the start, until each has answered. One that knows no more than this node is struck off
 * the list, which is kept in a file; one that does is named: a restart gets its history.
 */
export async function watchHistory(options: HistoryWatchOptions): Promise<HistoryWatch> {
  const { dir, siblings, log } = options
  const mark = readMark(dir)
  let missing = mark.missing.filter(({ address }) => siblings.includes(address))
  if (missing.length < mark.missing.length) await writeMark(dir, { ...mark, missing })
  const unheard = mark.wanted
    ? ['A copy of the history is wanted, but no other copy of this node gave one at the start: restart when one lives']
    : []
  if (missing.length === 0) return { begins: mark.begins, notices: () => unheard, close: async () => undefined }

  const asked = openSiblings(
    missing.map(({ address }) => address),
    options,
  )
  const since = new Date(mark.begins * 1000).toISOString()
  let knowing: string | undefined

  async function look(): Promise<void> {
    const states = await asked.ask()
    const answered = states.filter(({ state }) => state !== undefined)
    const more = answered.filter(({ state }) => state?.hasStore === true && state.begins < mark.begins)
    knowing = more.find(({ state }) => state?.refusal === null)?.address
    const left = missing.filter(
      ({ address }) => more.some((one) => one.address === address) || !answered.some((one) => one.address === address),
    )
    if (left.length < missing.length) await keep(left)
  }

  async function keep(left: HistoryMark['missing']): Promise<void> {
    await writeMark(dir, { ...mark, missing: left })
    missing = left
    if (left.length === 0) log.info({ since }, 'no copy of this node has older history')
  }

  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    if (missing.length === 0) return clearInterval(timer)
    looking = looking.then(look).catch((err: unknown) => log.error({ err }, 'cannot look for missing history'))
  }, options.everyMs)
  timer.unref()

  return {
    begins: mark.begins,
    notices() {
      if (missing.length === 0) return unheard
      const what = `History from before ${since} is missing`
      if (knowing !== undefined)
        return [`${what}. ${knowing} has it: restart this node to copy it; what it has taken since is kept`]
      return missing.map(({ address, reason }) => `${what}: ${address} gave no copy at the start (${reason})`)
    },
    async close() {
      clearInterval(timer)
      await looking
      await asked.close()
    },
  }
}
