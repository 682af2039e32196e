import type { Expression, Reading, Strategy, TemplateRef } from '#protocol'

/** What hbs answered: lists whose elements are not checked yet. */
export interface RawRules {
  readonly hosts: readonly unknown[]
  readonly expressions: readonly unknown[]
}

/**
 * Checks the outer shape of the answers of `Hbs.GetStrategies` and `Hbs.GetExpressions`. An answer that is not of that
 * shape is refused, so that it never passes for "there are no strategies any more".
 */
export function readAnswers(strategiesAnswer: unknown, expressionsAnswer: unknown): Reading<RawRules> {
  const hosts = memberOf(strategiesAnswer, 'hostStrategies')
  // Go writes an empty list as null.
  if (hosts !== null && !Array.isArray(hosts)) return { ok: false, reason: 'hostStrategies is not a list' }
  const expressions = memberOf(expressionsAnswer, 'expressions')
  if (expressions !== null && !Array.isArray(expressions)) return { ok: false, reason: 'expressions is not a list' }
  return { ok: true, value: { hosts: hosts ?? [], expressions: expressions ?? [] } }
}

/** One host of the answer; its strategies are not checked yet. */
export function readHost(raw: unknown): Reading<{ hostname: string; strategies: readonly unknown[] }> {
  const hostname = memberOf(raw, 'hostname')
  const strategies = memberOf(raw, 'strategies')
  if (typeof hostname !== 'string' || hostname === '' || !Array.isArray(strategies))
    return { ok: false, reason: `a host of hostStrategies has no name or no list of strategies: ${shown(hostname)}` }
  return { ok: true, value: { hostname, strategies } }
}

export function readStrategy(raw: unknown): Reading<Strategy> {
  const rule = readCommon(raw, 'strategy')
  if (!rule.ok) return rule
  const tpl = readTemplate(memberOf(raw, 'tpl'))
  if (tpl === undefined) return wrong('strategy', rule.value.id, 'tpl', memberOf(raw, 'tpl'))
  return { ok: true, value: { ...rule.value, tpl } }
}

export function readExpression(raw: unknown): Reading<Expression> {
  const rule = readCommon(raw, 'expression')
  if (!rule.ok) return rule
  const actionId = memberOf(raw, 'actionId')
  if (!isInteger(actionId)) return wrong('expression', rule.value.id, 'actionId', actionId)
  return { ok: true, value: { ...rule.value, actionId } }
}

function readCommon(raw: unknown, what: string): Reading<Omit<Strategy, 'tpl'>> {
  if (typeof raw !== 'object' || raw === null) return { ok: false, reason: `a ${what} is not an object: ${shown(raw)}` }
  const rule = raw as Record<string, unknown>
  const { id, metric, func, operator, rightValue, maxStep, priority, note } = rule
  const tags = readTags(rule['tags'])
  if (!isInteger(id)) return wrong(what, '?', 'id', id)
  if (typeof metric !== 'string' || metric === '') return wrong(what, id, 'metric', metric)
  if (tags === undefined) return wrong(what, id, 'tags', rule['tags'])
  if (typeof func !== 'string') return wrong(what, id, 'func', func)
  if (typeof operator !== 'string') return wrong(what, id, 'operator', operator)
  if (typeof rightValue !== 'number') return wrong(what, id, 'rightValue', rightValue)
  if (!isInteger(maxStep)) return wrong(what, id, 'maxStep', maxStep)
  if (!isInteger(priority)) return wrong(what, id, 'priority', priority)
  if (typeof note !== 'string') return wrong(what, id, 'note', note)
  return { ok: true, value: { id, metric, tags, func, operator, rightValue, maxStep, priority, note } }
}

function readTags(raw: unknown): Record<string, string> | undefined {
  if (raw === null || raw === undefined) return {}
  if (typeof raw !== 'object' || Array.isArray(raw)) return undefined
  for (const value of Object.values(raw)) if (typeof value !== 'string') return undefined
  return raw as Record<string, string>
}

function readTemplate(raw: unknown): TemplateRef | null | undefined {
  if (raw === null || raw === undefined) return null
  const { id, name, parentId, actionId, creator } = raw as Record<string, unknown>
  if (!isInteger(id) || !isInteger(parentId) || !isInteger(actionId)) return undefined
  if (typeof name !== 'string' || typeof creator !== 'string') return undefined
  return { id, name, parentId, actionId, creator }
}

function memberOf(raw: unknown, name: string): unknown {
  return typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)[name] : undefined
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

function wrong(what: string, id: number | string, member: string, value: unknown): { ok: false; reason: string } {
  return { ok: false, reason: `${what} ${id} cannot be used: its ${member} is ${shown(value)}` }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
