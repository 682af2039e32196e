import { gauge } from './collectors/collector.ts'
import type { CollectedSample } from './collectors/collector.ts'
import type { SendState } from './sender/sender.ts'

/** What this process costs so far. */
export interface SelfUse {
  /** Seconds of processor time. */
  readonly cpuSeconds: number
  readonly rssBytes: number
}

/**
 * The agent about itself: `agent.cpu` in percent of one processor over the step, `agent.mem.rss` in bytes,
 * `agent.spool.bytes`, `agent.spool.oldest` in seconds, `agent.dropped` samples in the step, `agent.send.latency` in
 * milliseconds of the last acknowledged call. Resolves to what changed since the last call; the first gives no rates.
 */
export function createSelfMetrics(options: {
  use: () => SelfUse
  send: () => SendState
  /** Samples dropped since the start. */
  dropped: () => number
  /** Milliseconds on a clock that never jumps. */
  now: () => number
}): () => CollectedSample[] {
  let before: { cpuSeconds: number; atMs: number; dropped: number } | undefined
  return () => {
    const { cpuSeconds, rssBytes } = options.use()
    const { spoolBytes, spoolOldestSeconds, latencyMs } = options.send()
    const atMs = options.now()
    const dropped = options.dropped()
    const samples = [
      gauge('agent.mem.rss', rssBytes),
      gauge('agent.spool.bytes', spoolBytes),
      gauge('agent.spool.oldest', spoolOldestSeconds),
    ]
    if (latencyMs !== undefined) samples.push(gauge('agent.send.latency', latencyMs))
    if (before && atMs > before.atMs) {
      samples.push(gauge('agent.cpu', ((cpuSeconds - before.cpuSeconds) * 100_000) / (atMs - before.atMs)))
      samples.push(gauge('agent.dropped', dropped - before.dropped))
    }
    before = { cpuSeconds, atMs, dropped }
    return samples
  }
}
