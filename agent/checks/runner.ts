import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { sortTags } from '#protocol'
import { gauge } from '../collectors/collector.ts'
import type { CollectedSample, Collector } from '../collectors/collector.ts'
import type { Check, CheckContext, CheckFamily, Outcome } from './check.ts'
import { withoutPasswords } from './passwords.ts'
import { mergeTargets } from './targets.ts'
import type { WantedTarget } from './targets.ts'

/** By then the collectors that a round begins with have read what they read without waiting. */
const settleMs = 200

/** How a check is doing, for people. Passwords in URLs are left out. */
export interface CheckState {
  /** Those that were asked for. */
  readonly metrics: readonly string[]
  readonly tags: string
  /** Undefined until it has run. */
  readonly last:
    | {
        readonly atMs: number
        readonly durationMs: number
        readonly values: Readonly<Record<string, number>>
        /** Why the values are not what one hopes for. */
        readonly reason: string | undefined
        readonly note: string | undefined
      }
    | undefined
}

export interface CheckRunner {
  /** One a family: slow families do not hold up quick ones. */
  readonly collectors: Collector[]
  /** Of all checks there are now, in the order of the families. */
  states(): CheckState[]
}

/** Runs the checks that `current` gives at that moment, each target once a round however often it was asked for. */
export function createCheckRunner(options: {
  families: readonly CheckFamily[]
  current: () => readonly Check[]
  context: () => CheckContext
  /** Unix milliseconds. */
  now: () => number
  /** Waits until the agent itself is not busy. */
  settle?: () => Promise<void>
}): CheckRunner {
  const settle = options.settle ?? (() => sleep(settleMs))
  const members = options.families.map((family) => createMember(family, { ...options, settle }))
  return {
    collectors: members.map((member) => member.collector),
    states: () => members.flatMap((member) => member.states()),
  }
}

function createMember(
  family: CheckFamily,
  {
    current,
    context,
    now,
    settle,
  }: { current: () => readonly Check[]; context: () => CheckContext; now: () => number; settle: () => Promise<void> },
): { collector: Collector; states(): CheckState[] } {
  let last = new Map<string, CheckState['last']>()
  const wanted = () => mergeTargets(current().filter((check) => family.metrics.includes(check.metric)))

  function remember(targets: readonly WantedTarget[], outcomes: readonly Outcome[], tookMs: number): void {
    const atMs = now()
    last = new Map(
      targets.map(({ target }, i) => {
        const { values = {}, reason, note, durationMs = tookMs } = outcomes[i] ?? {}
        return [JSON.stringify(target), { atMs, durationMs, values, reason, note }]
      }),
    )
  }

  async function collect(): Promise<CollectedSample[]> {
    const targets = wanted()
    if (targets.length === 0) return []
    if (family.timesAnswers) await settle()
    const startedAt = performance.now()
    const took = () => performance.now() - startedAt
    const here = context()
    try {
      const outcomes = await family.run(
        targets.map(({ target }) => target),
        here,
      )
      remember(targets, outcomes, took())
      return targets.flatMap(({ tags }, i) => samplesOf(family, tags, outcomes[i], family.ownTags(here)))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      remember(
        targets,
        targets.map(() => ({ values: {}, reason })),
        took(),
      )
      throw error
    }
  }

  return {
    collector: { name: family.name, collect },
    states: () =>
      wanted().map(({ target, metrics, tags }) => ({
        metrics,
        tags: withoutPasswords(tags.join(' ')),
        last: last.get(JSON.stringify(target)),
      })),
  }
}

function samplesOf(
  family: CheckFamily,
  texts: readonly string[],
  outcome: Outcome | undefined,
  ownTags: string,
): CollectedSample[] {
  return texts.flatMap((text) => {
    const tags = ownTags === '' ? text : sortTags(`${text},${ownTags}`)
    return family.metrics.flatMap((metric) => {
      const value = outcome?.values[metric]
      return value === undefined ? [] : [gauge(metric, value, tags)]
    })
  })
}
