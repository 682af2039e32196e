import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Counters } from '#lib/counters'
import { lockFolder } from '../store/lock.ts'
import { createCopyProgress } from './copy-progress.ts'
import type { CopyProgress } from './copy-progress.ts'
import { CopyBroken, createCopySource } from './copy-source.ts'
import { readMark, writeMark } from './history-mark.ts'
import type { HistoryMark } from './history-mark.ts'
import { asideFolder, copyFolder, finishPlacing, holdsStore, placeCopy } from './place-copy.ts'
import { openSiblings } from './siblings.ts'
import type { SiblingLinks, Siblings, SiblingState } from './siblings.ts'
import { takeCopy } from './take-copy.ts'

export interface ResyncOptions extends SiblingLinks {
  readonly dir: string
  /** Links of the other copies of this node. */
  readonly siblings: readonly string[]
  /** How long one that is away is waited for; 0: nobody is asked. */
  readonly waitMs: number
  /** Milliseconds. */
  readonly now: () => number
  readonly counters: Counters
}

/** The history of this node's store, before the store is opened. */
export interface Resync {
  /** Whether others have to be asked, or a store of before to be taken in: then the node has no store for a while. */
  readonly isNeeded: boolean
  /** `copying its history from b:6070: 12 % (…)` */
  says(): string
  /**
   * Gets a store with all history from another copy, if this one's is missing and another has it. Afterwards the folder can
   * be opened: it holds that store, or the one that it had, or none.
   * @throws when this node's own disk is at fault
   */
  run(): Promise<void>
}

/** After the first answers, those that are slower may still have more. */
const graceMs = 1000
const askEveryMs = 250
/** A node that has a store starts with it when others are away; it only looks whether they are. */
const lookMs = 3000
const tellEveryMs = 10_000

export function prepareResync(options: ResyncOptions): Resync {
  const { dir, siblings, log } = options
  let says = () => 'looking for its history'

  async function run(): Promise<void> {
    mkdirSync(dir, { recursive: true })
    const unlock = await lockFolder(dir)
    try {
      await finishPlacing(dir)
      if (!asksFor(options)) return rmSync(copyFolder(dir), { recursive: true, force: true })
      const asked = openSiblings(siblings, options)
      try {
        await resync(asked)
      } finally {
        await asked.close()
      }
    } finally {
      await unlock()
    }
  }

  async function resync(asked: Siblings): Promise<void> {
    const isEmpty = !holdsStore(dir)
    const mark = readMark(dir)
    const limit = isEmpty || mark.wanted ? Infinity : mark.begins
    const waitMs = isEmpty ? options.waitMs : Math.min(lookMs, options.waitMs)
    let waitedSince = options.now()
    let furthest = 0
    for (const began = options.now(); ; await sleep(askEveryMs)) {
      const states = await asked.ask()
      const silent = states.filter((one) => one.state === undefined)
      const isLate = options.now() - waitedSince >= waitMs
      const knowing = states.filter((one) => (one.state?.hasStore ?? false) && beginsOf(one) < limit)
      const [best] = knowing
        .filter((one) => one.state?.refusal === null)
        .toSorted((a, b) => beginsOf(a) - beginsOf(b) || bytesOf(b) - bytesOf(a))
      const isSettled = silent.length === 0 || (options.now() - began >= graceMs && best && beginsOf(best) === 0)
      if (best && (isSettled || isLate)) {
        const progress = createCopyProgress()
        if (await copyFrom(asked, best, silent, progress)) return
        // As long as there is more each time, it is worth trying again.
        if (progress.done > furthest) waitedSince = options.now()
        furthest = Math.max(furthest, progress.done)
        if (options.now() - waitedSince < waitMs) continue
      } else if (!isSettled && !isLate) {
        says = () => `waiting for ${silent.map(({ address }) => address).join(', ')}, which may have its history`
        continue
      }
      const missing = [...silent, ...knowing].map(({ address, reason, state: said }) => ({
        address,
        reason: reason || (said?.refusal ?? 'the copy broke off, see the log'),
      }))
      return isEmpty ? startEmpty(missing) : undefined
    }
  }

  /** Whether the copy is whole and in its place. */
  async function copyFrom(
    asked: Siblings,
    { address, state: theirs }: SiblingState,
    silent: readonly SiblingState[],
    progress: CopyProgress,
  ): Promise<boolean> {
    says = () => `copying its history from ${address}: ${progress.describe()}`
    log.info({ address, bytes: theirs?.bytes }, 'copying the history of another copy of this node')
    const telling = setInterval(() => log.info({ address, progress: progress.describe() }, 'copying'), tellEveryMs)
    try {
      await takeCopy(createCopySource(asked.linkTo(address), options.token()), copyFolder(dir), progress)
    } catch (error) {
      if (!(error instanceof CopyBroken))
        throw new Error(`Cannot copy the store of ${address}: ${(error as Error).message}`, { cause: error })
      log.warn({ address, reason: error.message, progress: progress.describe() }, 'the copy broke off')
      return false
    } finally {
      clearInterval(telling)
    }
    const begins = theirs?.begins ?? 0
    const missing = begins === 0 ? [] : silent.map(({ address: other, reason }) => ({ address: other, reason }))
    await writeMark(copyFolder(dir), { begins, missing })
    await placeCopy(dir)
    options.counters.add('ResyncTakenBytes', progress.done)
    log.info({ address, bytes: progress.done }, 'the history is copied')
    return true
  }

  async function startEmpty(missing: HistoryMark['missing']): Promise<void> {
    await writeMark(dir, { begins: Math.floor(options.now() / 1000), missing })
    if (missing.length > 0) log.error({ missing }, 'starting empty: the copies that may have the history gave none')
  }

  for (const name of ['ResyncTakenBytes', 'ResyncOwnSamplesCnt']) options.counters.add(name, 0)
  return { isNeeded: asksFor(options) || existsSync(asideFolder(dir)), says: () => says(), run }
}

/** Whether this node's history is missing and there is somebody to ask. */
function asksFor({ dir, siblings, waitMs }: ResyncOptions): boolean {
  if (siblings.length === 0 || waitMs === 0) return false
  if (!holdsStore(dir)) return true
  // A store that was put aside comes first, when it was not yet taken in.
  if (existsSync(asideFolder(dir))) return false
  const { missing, wanted = false } = readMark(dir)
  return wanted || missing.some(({ address }) => siblings.includes(address))
}

const beginsOf = ({ state }: SiblingState) => state?.begins ?? Infinity
const bytesOf = ({ state }: SiblingState) => state?.bytes ?? 0
