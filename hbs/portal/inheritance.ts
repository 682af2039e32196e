import { formatTags } from '#protocol'
import type { Strategy, TemplateRef } from '#protocol'

/** A chain this long is taken for a cycle. */
const cycleLength = 10

/**
 * A template and its ancestors, from the root to itself. A missing parent ends the chain. Undefined for a chain of ten or
 * more, which is how a cycle shows.
 */
export function chainOf(templates: ReadonlyMap<number, TemplateRef>, id: number): number[] | undefined {
  const chain: number[] = []
  for (let at = id; at > 0;) {
    const template = templates.get(at)
    if (template === undefined) break
    chain.push(at)
    if (chain.length >= cycleLength) return undefined
    at = template.parentId
  }
  return chain.toReversed()
}

/** The chains of some templates, without those whose templates are all in another one. */
export function usefulChains(templates: ReadonlyMap<number, TemplateRef>, ids: readonly number[]): number[][] {
  const chains = [...new Set(ids)]
    .map((id) => chainOf(templates, id))
    .filter((chain) => chain !== undefined && chain.length > 0) as number[][]
  const sets = chains.map((chain) => new Set(chain))
  // Two chains with the same templates differ in their last, so neither can be contained in the other.
  return chains.filter(
    (chain, i) => !sets.some((other, j) => i !== j && other.size > chain.length && chain.every((id) => other.has(id))),
  )
}

/** A strategy that two chains of one host bring: it goes to the first, and the other's action hears nothing of it. */
export interface SharedStrategy {
  readonly strategyId: number
  readonly notified: number
  readonly passedOver: number
}

export interface Inherited {
  readonly strategies: readonly Strategy[]
  readonly shared: readonly SharedStrategy[]
}

/**
 * The strategies of a host that has these templates. Inside a chain, a younger template replaces all strategies of the
 * older ones with the same metric and tags; what remains is reported with the youngest template of the chain, each
 * strategy once. Chains come in the order of `ids`.
 */
export function inheritedStrategies(
  templates: ReadonlyMap<number, TemplateRef>,
  strategiesOf: ReadonlyMap<number, readonly Strategy[]>,
  ids: readonly number[],
): Inherited {
  const strategies = new Map<number, Strategy>()
  const shared: SharedStrategy[] = []
  for (const chain of usefulChains(templates, ids)) {
    const youngest = templates.get(chain.at(-1) ?? 0) ?? null
    for (const strategy of overridden(chain, strategiesOf)) {
      const taken = strategies.get(strategy.id)
      if (taken === undefined) strategies.set(strategy.id, { ...strategy, tpl: youngest })
      else shared.push({ strategyId: strategy.id, notified: taken.tpl?.id ?? 0, passedOver: youngest?.id ?? 0 })
    }
  }
  return { strategies: [...strategies.values()].toSorted((a, b) => a.id - b.id), shared }
}

function overridden(chain: readonly number[], strategiesOf: ReadonlyMap<number, readonly Strategy[]>): Strategy[] {
  const effective = new Map<string, Strategy[]>()
  for (const id of chain) {
    const own = new Map<string, Strategy[]>()
    for (const strategy of strategiesOf.get(id) ?? []) {
      const key = `${strategy.metric}\n${formatTags(new Map(Object.entries(strategy.tags)))}`
      const same = own.get(key)
      if (same) same.push(strategy)
      else own.set(key, [strategy])
    }
    for (const [key, list] of own) effective.set(key, list)
  }
  return [...effective.values()].flat()
}
