import type { Expression, Strategy } from '#protocol'
import { compileFunction, neverReason } from '../functions/compile.ts'
import type { JudgeFunction } from '../functions/function.ts'

export type RuleSource =
  | { readonly kind: 'strategy'; readonly value: Strategy }
  | { readonly kind: 'expression'; readonly value: Expression }

/** A strategy or expression, compiled. Equal ones are one object, shared by all hosts. */
export interface Rule {
  /** `s_<id>` or `e_<id>`: the first part of its event ids. */
  readonly key: string
  readonly source: RuleSource
  readonly metric: string
  /** All of these must be on a series. */
  readonly tags: readonly (readonly [string, string])[]
  readonly maxStep: number
  /** Judges values; undefined for nodata and for a refused rule. */
  readonly judge: JudgeFunction | undefined
  /** Values it looks at; 0 for nodata. */
  readonly window: number
  /** Steps of silence after which nodata fires; 0 for every other function. */
  readonly silentSteps: number
  /** Why it judges nothing; undefined when it is in use. */
  readonly refusal: string | undefined
}

/** `maxHistory` is the number of points a series may keep at most. */
export function compileRule(source: RuleSource, maxHistory: number): Rule {
  const { id, metric, tags, func, operator, rightValue, maxStep } = source.value
  const rule = {
    key: ruleKey(source.kind, id),
    source,
    metric,
    tags: Object.entries(tags),
    maxStep,
    judge: undefined,
    window: 0,
    silentSteps: 0,
    refusal: undefined,
  }
  const compiled = compileFunction(func, operator, rightValue)
  if (!compiled.ok) return { ...rule, refusal: compiled.reason }
  const never = neverReason(compiled.value)
  if (never !== undefined) return { ...rule, refusal: `func "${func}" would never fire: ${never}` }
  if (compiled.value.kind === 'absence') return { ...rule, silentSteps: compiled.value.steps }
  const { judge } = compiled.value
  if (judge.window > maxHistory)
    return { ...rule, refusal: `func "${func}" needs ${judge.window} points, historyLimit is ${maxHistory}` }
  return { ...rule, judge, window: judge.window }
}

export function ruleKey(kind: RuleSource['kind'], id: number): string {
  return `${kind === 'strategy' ? 's' : 'e'}_${id}`
}

/** Whether a series carries all tags of a rule; for an expression `endpoint` may be one of them. */
export function matchesTags(rule: Rule, endpoint: string, tags: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of rule.tags) {
    const own = tags.get(name)
    // Falcon: a tag called endpoint hides the series' endpoint.
    const seen = own === undefined && name === 'endpoint' && rule.source.kind === 'expression' ? endpoint : own
    if (seen !== value) return false
  }
  return true
}

/** Whether two sources say the same, member by member. */
export function sameSource(a: RuleSource, b: RuleSource): boolean {
  if (a === b) return true
  if (a.kind === 'strategy') return b.kind === 'strategy' && sameStrategy(a.value, b.value)
  return b.kind === 'expression' && sameRule(a.value, b.value) && a.value.actionId === b.value.actionId
}

function sameStrategy(a: Strategy, b: Strategy): boolean {
  if (!sameRule(a, b)) return false
  if (a.tpl === null || b.tpl === null) return a.tpl === b.tpl
  return (
    a.tpl.id === b.tpl.id &&
    a.tpl.name === b.tpl.name &&
    a.tpl.parentId === b.tpl.parentId &&
    a.tpl.actionId === b.tpl.actionId &&
    a.tpl.creator === b.tpl.creator
  )
}

function sameRule(a: Strategy | Expression, b: Strategy | Expression): boolean {
  return (
    a.id === b.id &&
    a.metric === b.metric &&
    a.func === b.func &&
    a.operator === b.operator &&
    a.rightValue === b.rightValue &&
    a.maxStep === b.maxStep &&
    a.priority === b.priority &&
    a.note === b.note &&
    sameTags(a.tags, b.tags)
  )
}

function sameTags(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
