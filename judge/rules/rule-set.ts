import type { Expression, Strategy } from '#protocol'
import { parseTags } from '#protocol'
import type { RuleAnswers } from './read-rules.ts'
import { compileRule, matchesTags, sameSource } from './rule.ts'
import type { Rule, RuleSource } from './rule.ts'

/** The rules in force, found by series. Immutable: a change makes a new set with the next version. */
export interface RuleSet {
  /** Rises with every change; 0 is the set that was never filled. */
  readonly version: number
  /** The rules that judge a series, refused ones left out. The same list, as an object, for the same rules. */
  rulesFor(endpoint: string, metric: string, tags: string): readonly Rule[]
  /** Every rule that matches a series, refused ones too. */
  explain(endpoint: string, metric: string, tags: string): Rule[]
  /** Whether any host or expression has a rule of this key. */
  has(key: string): boolean
  /** Strategies of `<endpoint>/<metric>`, undefined when there are none. */
  strategiesAt(path: string): Strategy[] | undefined
  /** Expressions indexed under `<metric>/<tag>=<value>`, undefined when there are none. */
  expressionsAt(path: string): Expression[] | undefined
  /** Every rule once, whatever the number of its hosts. */
  readonly all: ReadonlySet<Rule>
  readonly hosts: ReadonlyMap<string, readonly Rule[]>
  readonly expressions: readonly Rule[]
}

const none: readonly Rule[] = []

/** The set before anything is known. */
export const emptyRuleSet: RuleSet = createRuleSet(0, new Map(), [])

/**
 * Compiles what hbs answered. Rules and host lists that did not change are taken over from `previous`, and when nothing
 * did, `previous` itself is the result.
 */
export function buildRuleSet(answers: RuleAnswers, previous: RuleSet, maxHistory: number): RuleSet {
  const intern = createInterner(previous, maxHistory)
  const hosts = new Map<string, readonly Rule[]>()
  let changed = answers.hosts.length !== previous.hosts.size || previous.version === 0
  for (const { hostname, strategies } of answers.hosts) {
    const rules = strategies.map((value) => intern({ kind: 'strategy', value }))
    const before = previous.hosts.get(hostname)
    // Open-Falcon's hbs answers in random order, which is no change.
    const same =
      before?.length === rules.length && rules.every((rule, i) => before[i] === rule || before.includes(rule))
    hosts.set(hostname, same ? before : oncePerKey(rules))
    changed ||= !same
  }
  const expressions = oncePerKey(answers.expressions.map((value) => intern({ kind: 'expression', value })))
  changed ||= expressions.length !== previous.expressions.length
  changed ||= !expressions.every((rule) => previous.expressions.includes(rule))
  return changed ? createRuleSet(previous.version + 1, hosts, expressions) : previous
}

/** Gives the same Rule for the same content, also across sets. */
function createInterner(previous: RuleSet, maxHistory: number): (source: RuleSource) => Rule {
  const known = new Map<string, Rule[]>()
  const slotOf = (kind: string, id: number) => {
    const key = `${kind} ${id}`
    let variants = known.get(key)
    if (!variants) known.set(key, (variants = []))
    return variants
  }
  for (const rule of previous.all) {
    const variants = slotOf(rule.source.kind, rule.source.value.id)
    variants.push(rule)
  }
  return (source) => {
    const variants = slotOf(source.kind, source.value.id)
    let found = variants.find((rule) => sameSource(rule.source, source))
    if (!found) variants.push((found = compileRule(source, maxHistory)))
    return found
  }
}

function oncePerKey(rules: readonly Rule[]): Rule[] {
  const keys = new Set<string>()
  return rules.filter((rule) => !keys.has(rule.key) && keys.add(rule.key))
}

function createRuleSet(
  version: number,
  hosts: ReadonlyMap<string, readonly Rule[]>,
  expressions: readonly Rule[],
): RuleSet {
  const shapes = shareShapes(hosts)
  const expressionsByMetric = groupByMetric(expressions)
  const shared = new Map<string, readonly Rule[]>()
  const numbers = new Map<Rule, number>()
  const all = new Set([...shapes.distinct.flat(), ...expressions])
  for (const rule of all) numbers.set(rule, numbers.size)
  const keys = new Set([...all].map((rule) => rule.key))

  function matching(endpoint: string, metric: string, tags: string): Rule[] {
    const strategies = shapes.byHost.get(endpoint)?.get(metric) ?? none
    const candidates = expressionsByMetric.get(metric) ?? none
    if (strategies.length === 0 && candidates.length === 0) return []
    const parsed = parseTags(tags)
    // Falcon: an expression is found by its tags, so one without any matches nothing.
    return [...strategies, ...candidates.filter((rule) => rule.tags.length > 0)].filter((rule) =>
      matchesTags(rule, endpoint, parsed),
    )
  }

  return {
    version,
    hosts,
    expressions,
    all,
    has: (key) => keys.has(key),
    rulesFor(endpoint, metric, tags) {
      const rules = matching(endpoint, metric, tags).filter((rule) => rule.refusal === undefined)
      if (rules.length === 0) return none
      const key = rules.map((rule) => numbers.get(rule)).join()
      let list = shared.get(key)
      if (!list) shared.set(key, (list = rules))
      return list
    },
    explain: matching,
    strategiesAt(path) {
      for (const [endpoint, metric] of splits(path)) {
        const rules = shapes.byHost.get(endpoint)?.get(metric)
        if (rules) return rules.flatMap(({ source }) => (source.kind === 'strategy' ? [source.value] : []))
      }
      return undefined
    },
    expressionsAt(path) {
      for (const [metric, tag] of splits(path)) {
        const found = (expressionsByMetric.get(metric) ?? none).filter((rule) =>
          rule.tags.some(([name, value]) => `${name}=${value}` === tag),
        )
        if (found.length > 0) return found.flatMap(({ source }) => (source.kind === 'expression' ? [source.value] : []))
      }
      return undefined
    },
  }
}

/** Hosts with the same rules in the same order share one table, since a fleet has few different ones. */
function shareShapes(hosts: ReadonlyMap<string, readonly Rule[]>): {
  byHost: Map<string, Map<string, readonly Rule[]>>
  distinct: (readonly Rule[])[]
} {
  const numbers = new Map<Rule, number>()
  const tables = new Map<string, Map<string, readonly Rule[]>>()
  const byHost = new Map<string, Map<string, readonly Rule[]>>()
  const distinct: (readonly Rule[])[] = []
  for (const [hostname, rules] of hosts) {
    for (const rule of rules) if (!numbers.has(rule)) numbers.set(rule, numbers.size)
    const key = rules.map((rule) => numbers.get(rule)).join()
    let table = tables.get(key)
    if (!table) {
      tables.set(key, (table = groupByMetric(rules)))
      distinct.push(rules)
    }
    byHost.set(hostname, table)
  }
  return { byHost, distinct }
}

function groupByMetric(rules: readonly Rule[]): Map<string, readonly Rule[]> {
  const groups = new Map<string, Rule[]>()
  for (const rule of rules) {
    const group = groups.get(rule.metric)
    if (group) group.push(rule)
    else groups.set(rule.metric, [rule])
  }
  return groups
}

/** Every way to cut `a/b/c` at one slash: names may hold slashes themselves. */
export function* splits(path: string): Generator<[string, string]> {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
    yield [path.slice(0, at), path.slice(at + 1)]
}
