import type { VictoriametricsClient } from './client.ts'
import { readLabels, selectorOf } from './series-labels.ts'
import type { Variant } from './series-labels.ts'
import type { Clock } from './clock.ts'

/** Which series counters have, remembered for a while. */
export interface Variants {
  /** The series of a counter, that of today first; empty when there is none. */
  of(endpoint: string, counter: string): Promise<readonly Variant[]>
  /** A series was defined or deleted: what is remembered may be wrong. */
  forget(endpoint?: string, counter?: string): void
}

/** What another graph-query brings about is seen after this at the latest. */
const rememberMs = 30_000
const mostRemembered = 200_000

export function createVariants(client: VictoriametricsClient, clock: Clock): Variants {
  const known = new Map<string, { readonly variants: Promise<readonly Variant[]>; readonly at: number }>()

  async function look(endpoint: string, counter: string): Promise<readonly Variant[]> {
    const selector = selectorOf({ endpoint, counter })
    const found = (await client.series([selector], clock.everything())).flatMap((labels) => readLabels(labels) ?? [])
    const unique = new Map(found.map(({ kind, step }) => [`${kind} ${step}`, { kind, step }]))
    const variants = [...unique.values()]
    if (variants.length < 2) return variants
    const newest = await newestTimes(client, clock, selector, ['dstype', 'step'])
    const timeOf = ({ kind, step }: Variant) => newest.get(keyOf([kind, String(step)])) ?? 0
    return variants.toSorted((a, b) => timeOf(b) - timeOf(a))
  }

  return {
    async of(endpoint, counter) {
      const key = keyOf([endpoint, counter])
      const remembered = known.get(key)
      if (remembered && performance.now() - remembered.at < rememberMs) return remembered.variants
      if (known.size >= mostRemembered) known.clear()
      const variants = look(endpoint, counter)
      known.set(key, { variants, at: performance.now() })
      try {
        // With several, which one is of today may change at any time; of none, one may appear.
        if ((await variants).length !== 1) known.delete(key)
      } catch (error) {
        known.delete(key)
        throw error
      }
      return variants
    },
    forget(endpoint, counter) {
      if (endpoint === undefined || counter === undefined) known.clear()
      else known.delete(keyOf([endpoint, counter]))
    },
  }
}

export function keyOf(parts: readonly string[]): string {
  return parts.join('\n')
}

/** How far back newest points are looked for, in seconds: nearly always the first is enough. */
const lookBack = [900, 86_400, 31 * 86_400]

/**
 * The time of the newest sample by the values of some labels (see `keyOf`), of all series that a selector fits. Looks
 * further back until `enough` says that all are there.
 */
export async function newestTimes(
  client: VictoriametricsClient,
  clock: Clock,
  selector: string,
  labels: readonly string[],
  enough: (found: ReadonlyMap<string, number>) => boolean = (found) => found.size > 0,
): Promise<Map<string, number>> {
  const { start, end } = clock.everything()
  let found = new Map<string, number>()
  for (const seconds of [...lookBack.map((back) => end - clock.now() + back), end - start]) {
    const answer = await client.query(`max(tlast_over_time(${selector}[${seconds}s])) by (${labels.join(',')})`, end)
    found = new Map(answer.map((row) => [keyOf(labels.map((label) => row.labels[label] ?? '')), row.value]))
    if (enough(found)) break
  }
  return found
}
