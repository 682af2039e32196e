import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { mergeReports } from '#lib/ledger'
import type { LedgerReport } from '#lib/ledger'
import type { Logger } from '#lib/log'
import type { Reading } from '#protocol'
import type { TransferConfig } from '../config.ts'
import type { ReceivedOf } from '../endpoint-counts.ts'
import { foldersIn } from '../orphans.ts'
import { filteredSamples, tracedSamples } from '../watches.ts'
import type { SeenRow } from '../watches.ts'
import type { CountList, DestinationRow, LaneFaces, RejectedReport } from './faces.ts'
import { createDealer } from './dealer.ts'
import type { Dealer } from './dealer.ts'
import { openLane } from './lane.ts'
import type { Lane } from './lane.ts'
import { mergeDestinations, mergeReceived, mergeRejected, mergeSeen } from './merge.ts'
import { startRemoteLane } from './remote.ts'
import type { RemoteLane } from './remote.ts'
import { laneShare } from './share.ts'

/** All lanes of a transfer as one: the first in this process, the others in processes of their own. */
export interface Lanes {
  readonly own: Lane
  /** The processes of the others, as far as they run. */
  pids(): number[]
  /** Gives a new connection to the lane that is to serve it; false when that is this process's own. */
  deal(socket: Socket): boolean
  /** What all count, brought up to date. Counts of a lane that ended go on counting. */
  counters(): Promise<Counters>
  destinations(): Promise<DestinationRow[]>
  rejected(): Promise<RejectedReport>
  notices(): Promise<string[]>
  trace(endpoint: string, metric: string, tags: string): Promise<SeenRow[]>
  filter(...asked: Parameters<LaneFaces['filter']>): Promise<Reading<SeenRow[]>>
  ledger(since: number): Promise<LedgerReport>
  received(endpoint: string, sinceSeconds: number): Promise<ReceivedOf | undefined>
  /** Takes over what counts at once. A lane that is just starting gets it then. */
  apply(config: TransferConfig): Promise<void>
  /** Settles when all that was taken is acknowledged or on disk. Nothing may be dealt any more. */
  close(): Promise<void>
}

export interface LanesOptions {
  readonly config: TransferConfig
  /** How many. */
  readonly count: number
  /** Absolute. The first lane's spools are in it, the others' in folders of their own. */
  readonly spoolDir: string
  readonly log: Logger
  /** Milliseconds. */
  readonly now: () => number
}

const folderOf = (number: number) => `worker-${number}`

/**
 * Opens all lanes, also the spools of lanes that were more before.
 * @throws when one cannot be opened; those that were are closed again.
 */
export async function openLanes(options: LanesOptions): Promise<Lanes> {
  const { count, spoolDir, log, now } = options
  let { config } = options
  const own = await openLane({
    config: laneShare(config, count),
    spoolDir,
    abandoned: foldersIn(spoolDir).filter((name) => Number(/^worker-(\d+)$/.exec(name)?.[1] ?? 0) >= count),
    log,
    now,
  })
  const dealer = createDealer(count)
  const others = Array.from({ length: count - 1 }, (_, i) =>
    startRemoteLane({
      number: i + 1,
      config: () => laneShare(config, count),
      spoolDir: join(spoolDir, folderOf(i + 1)),
      log,
      onClosed: (address) => dealer.closed(address, i + 1),
      onExit() {
        own.counters.add('WorkerExitCnt')
        sums.ended(i)
        dealer.ended(i + 1)
      },
    }),
  )
  if (count > 1) {
    own.counters.add('WorkerExitCnt', 0)
    own.counters.gauge('Workers', () => 1 + others.filter(({ ready }) => ready).length)
  }
  const sums = createSums(own.counters, others.length, now)
  const close = async () => void (await Promise.all([own.close(), ...others.map((lane) => lane.close())]))
  try {
    await Promise.all(others.map(({ started }) => started))
  } catch (error) {
    await close()
    throw error
  }
  return togetherOf({
    own,
    others,
    sums,
    dealer,
    keep: config.rejected.examples,
    close,
    async apply(fresh) {
      config = fresh
      own.faces.apply(laneShare(fresh, count))
      await Promise.all(others.filter(({ ready }) => ready).map((lane) => lane.ask('apply', laneShare(fresh, count))))
    },
  })
}

function togetherOf(lanes: {
  own: Lane
  others: readonly RemoteLane[]
  sums: Sums
  dealer: Dealer
  keep: number
  close: Lanes['close']
  apply: Lanes['apply']
}): Lanes {
  const { own, others, sums, dealer, keep } = lanes

  /** What all answer, this process first; one that does not is left out. */
  async function everyone<F extends keyof LaneFaces>(
    face: F,
    ...args: Parameters<LaneFaces[F]>
  ): Promise<ReturnType<LaneFaces[F]>[]> {
    const asked = await Promise.allSettled(others.map((lane) => lane.ask(face, ...args)))
    const ask = own.faces[face] as (...args: Parameters<LaneFaces[F]>) => ReturnType<LaneFaces[F]>
    return [ask(...args), ...asked.filter((one) => one.status === 'fulfilled').map(({ value }) => value)]
  }

  return {
    own,
    pids: () => others.flatMap(({ pid }) => pid ?? []),
    deal(socket) {
      if (others.length === 0) return false
      const { remoteAddress: address = '' } = socket
      const lane = dealer.deal(address, (number) => number === 0 || others[number - 1]?.ready === true)
      const other = others[lane - 1]
      if (other) other.take(socket, address)
      else socket.once('close', () => dealer.closed(address, lane))
      return other !== undefined
    },
    async counters() {
      await Promise.all(
        others.map(async (lane, i) => {
          // One that does not answer keeps the numbers that it said last.
          const counts = await lane.ask('counts').catch(() => undefined)
          if (counts) sums.said(i, counts)
        }),
      )
      return sums.counters()
    },
    destinations: async () => mergeDestinations(await everyone('destinations')),
    rejected: async () => mergeRejected(await everyone('rejected'), keep),
    async notices() {
      const [notices, shares] = await Promise.all([everyone('notices'), everyone('busy')])
      const busy = shares.filter((share) => share !== undefined)
      const silent = others.flatMap(({ ready }, i) => (ready ? [] : [`worker ${i + 1} does not run, see the log`]))
      return [
        ...new Set(notices.flat()),
        ...silent,
        ...(busy.length === 0
          ? []
          : [
              `${busy.length} of ${others.length + 1} workers use a whole processor: set workers higher if there are more`,
            ]),
      ]
    },
    trace: async (...asked) => mergeSeen(await everyone('trace', ...asked), tracedSamples),
    async filter(...asked) {
      const answers = await everyone('filter', ...asked)
      const refused = answers.find((answer) => !answer.ok)
      if (refused) return refused
      return {
        ok: true,
        value: mergeSeen(
          answers.flatMap((one) => (one.ok ? [one.value] : [])),
          filteredSamples,
        ),
      }
    },
    ledger: async (since) => mergeReports(await everyone('ledger', since)),
    received: async (...asked) => mergeReceived(await everyone('received', ...asked)),
    apply: lanes.apply,
    close: lanes.close,
  }
}

interface Sums {
  said(lane: number, counts: CountList): void
  ended(lane: number): void
  counters(): Counters
}

/** Counts of all lanes added up. What a process had counted when it ended stays, so that no count ever falls. */
function createSums(own: Counters, lanes: number, now: () => number): Sums {
  if (lanes === 0) return { said: () => undefined, ended: () => undefined, counters: () => own }
  const sums = createCounters(now)
  const shown = new Set<string>()
  const latest = Array.from({ length: lanes }, (): CountList => [])
  const ended = new Map<string, number>()
  let values = new Map<string, number>()

  return {
    said(lane, counts) {
      latest[lane] = counts
    },
    ended(lane) {
      for (const { name, value, kind } of latest[lane] ?? [])
        if (kind === 'count') ended.set(name, (ended.get(name) ?? 0) + value)
      latest[lane] = []
    },
    counters() {
      values = new Map(ended)
      for (const { name, value, kind } of [...own.list(), ...latest.flat()]) {
        values.set(name, (values.get(name) ?? 0) + value)
        if (shown.has(name)) continue
        shown.add(name)
        const read = () => values.get(name) ?? 0
        if (kind === 'count') sums.counted(name, read)
        else sums.gauge(name, read)
      }
      return sums
    },
  }
}
