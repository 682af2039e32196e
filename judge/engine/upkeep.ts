import { createFrameWriter } from '../journal/frame.ts'
import type { JournalRecord } from '../journal/records.ts'
import { isOpen } from '../series/tracked-series.ts'
import type { TrackedSeries } from '../series/tracked-series.ts'
import { fireAbsent } from './absence.ts'
import { closeOrphans, rebind } from './reconcile.ts'
import { writeSnapshot } from './snapshot.ts'
import { drop } from './state.ts'
import type { JudgeState } from './state.ts'

export interface UpkeepOptions {
  /** Connections of transfers at this moment. */
  readonly connections: () => number
  /** Bytes of journal after which a snapshot takes its place. */
  readonly journalMaxBytes: number
  /** First record of a snapshot. */
  readonly opening: () => JournalRecord
}

export interface Upkeep {
  /** One round; called every second. Never throws: what failed is logged, counted and tried in the next round. */
  tick(): void
  /** hbs answered: alarms of rules that are gone may be closed and series that nobody wants dropped. */
  rulesConfirmed(): void
  /** Settles when no snapshot is being written. */
  settle(): Promise<void>
}

/** Series looked at in one round. */
const seriesPerTick = 5000
/** Silent for so long and without an open alarm, a series is forgotten (Open-Falcon: seven days). */
const forgetAfterSeconds = 7 * 86_400
const maxFiles = 16
const retrySnapshotAfterMs = 60_000

/** What judge does beside taking points: silence, changed rules, forgotten series, a short journal. */
export function createUpkeep(state: JudgeState, options: UpkeepOptions): Upkeep {
  const { counters, log } = state
  const records = createFrameWriter()
  let walk: Generator<TrackedSeries> | undefined
  let confirmed = false
  let orphansChecked = false
  let checkedVersion = -1
  let failing = false
  let snapshot: Promise<void> | undefined
  let snapshotNotBefore = 0

  function attempt(work: () => void): boolean {
    try {
      work()
      failing = false
      return true
    } catch (error) {
      counters.add('journal.failures')
      if (!failing) log.error({ err: error }, 'upkeep failed, it is tried again')
      failing = true
      return false
    }
  }

  function checkOrphans(): void {
    if (!confirmed || state.outbox.full) return
    if (orphansChecked && checkedVersion === state.rules.version) return
    closeOrphans(state)
    orphansChecked = true
    checkedVersion = state.rules.version
  }

  function walkOn(): void {
    const now = Math.floor(state.now() / 1000)
    const unwanted: TrackedSeries[] = []
    walk ??= state.registry.all()
    for (let i = 0; i < seriesPerTick; i++) {
      const next = walk.next()
      if (next.done === true) {
        walk = undefined
        break
      }
      rebind(state, next.value)
      if (isUnwanted(next.value, now)) unwanted.push(next.value)
    }
    for (const { number } of unwanted) if (number > 0) records.record({ is: 'dropped', series: number })
    if (!records.empty) state.journal.append(records.finish())
    for (const series of unwanted) drop(state, series)
    if (unwanted.length > 0) counters.add('series.dropped', unwanted.length)
  }

  function isUnwanted(series: TrackedSeries, now: number): boolean {
    // While we were down nobody could reach us, so that time is no silence.
    const silentFor = now - Math.max(series.lastArrival, state.startedAt)
    if (!isOpen(series)) return (confirmed && series.rules.length === 0) || silentFor > forgetAfterSeconds
    // What is open has to be closed first, unless nobody wants that.
    return confirmed && series.rules.length === 0 && !state.settings.closeOnChange
  }

  function shortenJournal(): void {
    const { journal } = state
    const due = journal.bytes > options.journalMaxBytes || journal.files > maxFiles
    if (!due || snapshot || state.now() < snapshotNotBefore) return
    snapshot = writeSnapshot(state, options.opening)
      .then(() => counters.add('journal.snapshots'))
      .catch((error: unknown) => {
        counters.add('journal.failures')
        log.error({ err: error }, 'snapshot failed, the journal goes on growing')
        snapshotNotBefore = state.now() + retrySnapshotAfterMs
      })
      .finally(() => (snapshot = undefined))
  }

  return {
    tick() {
      if (attempt(checkOrphans)) attempt(() => void fireAbsent(state, options.connections()))
      attempt(walkOn)
      shortenJournal()
    },
    rulesConfirmed() {
      confirmed = true
      attempt(checkOrphans)
    },
    async settle() {
      await snapshot
    },
  }
}
