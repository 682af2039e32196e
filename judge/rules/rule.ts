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
    tags: Object.entries(tags).map(([name, value]) => [withoutBlanks(name), withoutBlanks(value)] as const),
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

/** Items lose their blanks in transfer, so a rule's tags `a=1, b=2` can only mean `a=1,b=2`; Open-Falcon's match nothing. */
function withoutBlanks(text: string): string {
  return text.replaceAll(' ', '')
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

/** Whether a rule, or what hbs sent for one and nobody checked yet, says the same as this one, member by member. */
export function saysTheSame(source: RuleSource, raw: unknown): boolean {
  if (source.value === raw) return true
  if (typeof raw !== 'object' || raw === null) return false
  const a = source.value
  const b = raw as Partial<Record<string, unknown>>
  const same =
    a.id === b['id'] &&
    a.metric === b['metric'] &&
    a.func === b['func'] &&
    a.operator === b['operator'] &&
    a.rightValue === b['rightValue'] &&
    a.maxStep === b['maxStep'] &&
    a.priority === b['priority'] &&
    a.note === b['note'] &&
    sameMembers(a.tags, b['tags'])
  if (!same) return false
  if (source.kind === 'expression') return source.value.actionId === b['actionId']
  const { tpl } = source.value
  return tpl === null ? b['tpl'] === null : sameMembers(tpl, b['tpl'])
}

function sameMembers(a: object, raw: unknown): boolean {
  if (typeof raw !== 'object' || raw === null) return false
  let count = 0
  for (const name in raw) {
    if ((a as Record<string, unknown>)[name] !== (raw as Record<string, unknown>)[name]) return false
    count++
  }
  for (const _ in a) count--
  return count === 0
}
