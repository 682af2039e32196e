import type { Reading } from '#protocol'
import type { Host } from '../host/host.ts'
import type { Names } from '../host/names.ts'

/** One thing to watch, as a strategy or the configuration asks for it. */
export interface Check {
  /** Of its family; asking for one of them asks for all. */
  readonly metric: string
  /** The tag text that was asked for; samples carry all of it, so that judge matches the two. */
  readonly tags: string
  /** What is to be watched. Plain data that only the family knows: equal data is one target, which is asked once. */
  readonly target: unknown
}

/** What a check may use besides its own text. */
export interface CheckContext {
  readonly host: Host
  readonly names: Names
  /** Where checks keep what they must remember over a restart. */
  readonly dataDir: string
  /** This agent's endpoint name. */
  readonly hostname: string
}

/** What became of one target. A target that fails has values too: that is what strategies are about. */
export interface Outcome {
  /** By metric of the family. Some may be missing, as a latency where nothing answered. */
  readonly values: Readonly<Record<string, number>>
  /** Why the values are not what one hopes for; for people. */
  readonly reason?: string
  /** What else a person wants to see, as the last line that matched. */
  readonly note?: string
  /** Where each target is asked by itself; else all took as long as the run. */
  readonly durationMs?: number
}

/** Checks that give the same metrics: they share what they read of the host, and run as one. */
export interface CheckFamily {
  readonly name: string
  readonly metrics: readonly string[]
  /**
   * Reads what was asked for: a tag text, and what does not belong into tags (`options`, of the configuration only).
   * A refusal says what is wrong and shows the text.
   */
  read(tags: string, options: CheckOptions): Reading<unknown>
  /** One outcome a target, in the same order. Rejects when the host cannot be asked at all. */
  run(targets: readonly unknown[], context: CheckContext): Promise<Outcome[]>
  /** Tag text that each sample has besides those asked for. */
  ownTags(context: CheckContext): string
  /** Whether values tell how long something took, so that it matters when the agent is busy itself. */
  readonly timesAnswers: boolean
}

export type CheckOptions = Readonly<Record<string, string>>

/** A family whose targets are of one type: `run` is given only what its own `read` made. */
export function defineCheck<Target>(family: {
  name: string
  metrics: readonly string[]
  read(tags: string, options: CheckOptions): Reading<Target>
  run(targets: readonly Target[], context: CheckContext): Promise<Outcome[]>
  ownTags?(context: CheckContext): string
  timesAnswers?: boolean
}): CheckFamily {
  return {
    ...family,
    run: (targets, context) => family.run(targets as readonly Target[], context),
    timesAnswers: family.timesAnswers ?? false,
    ownTags: (context) => family.ownTags?.(context) ?? '',
  }
}
