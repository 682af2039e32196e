import type { LinkAck } from '#lib/link'
import type { Logger } from '#lib/log'
import type { Backlog, Replay } from './backlog.ts'
import type { DestinationPeer } from './destination.ts'

/** Sends spooled samples again, one sending at a time. */
export interface Replayer {
  /** What is being sent now. */
  readonly current: Replay | undefined
  /** Sends the oldest spooled samples, now or, through `onTurn`, when their time has come. Does nothing while a sending is under way. */
  run(): void
  /** Sends nothing for a while: the peer has just failed or refused. */
  pause(): void
  /** Runs what touches the spool; when that throws, it is logged and spooled samples are tried again later. */
  usingSpool<T>(run: () => T): T | undefined
  /** Ends waiting; a sending under way goes on. */
  stop(): void
  /** Whatever comes in after this changes nothing. */
  abandon(): void
}

export interface ReplayerOptions {
  readonly client: DestinationPeer
  readonly backlog: Backlog
  /** Samples of one sending, about. */
  readonly maxSamples: number
  readonly perSecond: number
  readonly retryMs: number
  readonly log: Logger
  /** A sending has ended, or the next one may begin. */
  readonly onTurn: () => void
  readonly onError: (error: unknown) => void
  readonly onDelivered: () => void
}

export function createReplayer(options: ReplayerOptions): Replayer {
  const { client, backlog, maxSamples, perSecond, retryMs, log, onTurn, onError, onDelivered } = options
  let current: Replay | undefined
  let allowedAt = 0
  let timer: NodeJS.Timeout | undefined
  let abandoned = false

  function usingSpool<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      log.error({ err: error }, 'spool cannot be read')
      onError(error)
      pause()
      wait()
      return undefined
    }
  }

  function pause(): void {
    allowedAt = Math.max(allowedAt, performance.now() + retryMs)
  }

  function wait(): void {
    clearTimeout(timer)
    timer = setTimeout(onTurn, allowedAt - performance.now())
  }

  async function send(replay: Replay): Promise<void> {
    let ack: LinkAck | undefined
    try {
      ack = await client.send(replay.columns)
    } catch (error) {
      onError(error)
    }
    current = undefined
    if (abandoned) return
    if (ack) delivered(replay, ack)
    else pause()
    onTurn()
  }

  function delivered(replay: Replay, ack: LinkAck): void {
    onDelivered()
    allowedAt = performance.now() + (replay.columns.count * 1000) / perSecond
    usingSpool(() => backlog.delivered(replay, ack))
  }

  return {
    get current() {
      return current
    },
    run() {
      if (current) return
      if (allowedAt > performance.now()) return wait()
      current = usingSpool(() => backlog.next(Math.min(maxSamples, perSecond)))
      if (current) void send(current)
    },
    pause,
    usingSpool,
    stop: () => clearTimeout(timer),
    abandon: () => (abandoned = true),
  }
}
