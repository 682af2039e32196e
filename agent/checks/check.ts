import type { Reading } from '#protocol'
import type { CollectedSample } from '../collectors/collector.ts'
import type { Host } from '../host/host.ts'

/** One thing the portal asked this host to watch. */
export interface Check {
  readonly metric: string
  /** The strategy's tag text as hbs sent it. */
  readonly tags: string
  /** What the text asks for; only the family of the metric knows its shape. */
  readonly target: unknown
}

/** What a check may use besides its own text. */
export interface CheckContext {
  readonly host: Host
  /** This agent's endpoint name. */
  readonly hostname: string
}

/** All checks of one metric: they share what they read of the host, and run as one. */
export interface CheckFamily {
  readonly metric: string
  /** Reads the strategy's tag text; a refusal says what is wrong with it. */
  read(tags: string): Reading<Check>
  /**
   * One sample a check, with at least the tags of its strategy, so that judge matches it.
   * Rejects when the host cannot be asked; a target that fails is a value, not a rejection.
   */
  run(checks: readonly Check[], context: CheckContext): Promise<CollectedSample[]>
}

/** A family whose targets are of one type: `run` is given only what its own `read` made. */
export function defineCheck<Target>(family: {
  metric: string
  read(tags: string): Reading<Target>
  run(checks: readonly { tags: string; target: Target }[], context: CheckContext): Promise<CollectedSample[]>
}): CheckFamily {
  return {
    metric: family.metric,
    read(tags) {
      const target = family.read(tags)
      return target.ok ? { ok: true, value: { metric: family.metric, tags, target: target.value } } : target
    },
    run: (checks, context) =>
      family.run(
        checks.filter((check): check is Check & { target: Target } => check.metric === family.metric),
        context,
      ),
  }
}
