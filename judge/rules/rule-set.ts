import type { Expression, Reading, Strategy } from '#protocol'
import { parseTags } from '#protocol'
import { readExpression, readHost, readStrategy } from './read-rules.ts'
import type { RawRules } from './read-rules.ts'
import { compileRule, matchesTags, saysTheSame } from './rule.ts'
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

export interface BuiltRules {
  readonly rules: RuleSet
  /** What could not be read, each with the rule and the member that was wrong. A bad rule costs only itself. */
  readonly problems: readonly string[]
}

const hostsPerTurn = 100

/**
 * Compiles what hbs answered, giving way after every hundred hosts. Rules and host lists that did not change are taken
 * over from `previous`, and when nothing did, `previous` itself is the result.
 */
export function* buildInTurns(raw: RawRules, previous: RuleSet, maxHistory: number): Generator<void, BuiltRules> {
  const interner = createInterner(previous, maxHistory)
  const problems: string[] = []
  const hosts = new Map<string, readonly Rule[]>()
  let changed = previous.version === 0
  for (const [index, rawHost] of raw.hosts.entries()) {
    if (index % hostsPerTurn === hostsPerTurn - 1) yield
    const host = readHost(rawHost)
    if (!host.ok) {
      problems.push(host.reason)
      continue
    }
    const before = previous.hosts.get(host.value.hostname)
    let rules = host.value.strategies.flatMap((strategy) => interner.strategy(strategy, problems))
    if (!sameRules(before, rules)) rules = oncePerKey(rules)
    const same = sameRules(before, rules)
    hosts.set(host.value.hostname, same && before ? before : rules)
    changed ||= !same
  }
  const expressions = oncePerKey(raw.expressions.flatMap((expression) => interner.expression(expression, problems)))
  changed ||= hosts.size !== previous.hosts.size || expressions.length !== previous.expressions.length
  changed ||= !expressions.every((rule) => previous.all.has(rule))
  return { rules: changed ? createRuleSet(previous.version + 1, hosts, expressions) : previous, problems }
}

/** As `buildInTurns`, in one go. */
export function buildRuleSet(raw: RawRules, previous: RuleSet, maxHistory: number): RuleSet {
  const building = buildInTurns(raw, previous, maxHistory)
  for (;;) {
    const turn = building.next()
    if (turn.done === true) return turn.value.rules
  }
}

/** Reads raw rules and gives the same Rule for the same content, also across sets. */
function createInterner(previous: RuleSet, maxHistory: number) {
  const known = { strategy: new Map<unknown, Rule[]>(), expression: new Map<unknown, Rule[]>() }
  for (const rule of previous.all) variantsOf(known[rule.source.kind], rule.source.value.id).push(rule)
  const intern = (
    kind: RuleSource['kind'],
    raw: unknown,
    read: () => Reading<RuleSource>,
    problems: string[],
  ): Rule[] => {
    // Nearly always it is one that was read before: comparing is cheaper than reading.
    const found = known[kind].get(idOf(raw))?.find((rule) => saysTheSame(rule.source, raw))
    if (found) return [found]
    const source = read()
    if (!source.ok) {
      problems.push(source.reason)
      return []
    }
    const rule = compileRule(source.value, maxHistory)
    variantsOf(known[kind], source.value.value.id).push(rule)
    return [rule]
  }
  return {
    strategy: (raw: unknown, problems: string[]) =>
      intern('strategy', raw, () => sourceOf('strategy', readStrategy(raw)), problems),
    expression: (raw: unknown, problems: string[]) =>
      intern('expression', raw, () => sourceOf('expression', readExpression(raw)), problems),
  }
}

function variantsOf(known: Map<unknown, Rule[]>, id: number): Rule[] {
  let variants = known.get(id)
  if (!variants) known.set(id, (variants = []))
  return variants
}

function sourceOf<K extends RuleSource['kind'], V>(kind: K, read: Reading<V>): Reading<{ kind: K; value: V }> {
  return read.ok ? { ok: true, value: { kind, value: read.value } } : read
}

function idOf(raw: unknown): unknown {
  return typeof raw === 'object' && raw !== null ? (raw as { id?: unknown }).id : undefined
}

/** Open-Falcon's hbs answers in random order, which is no change. */
function sameRules(before: readonly Rule[] | undefined, rules: readonly Rule[]): boolean {
  return before?.length === rules.length && rules.every((rule, i) => before[i] === rule || before.includes(rule))
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
