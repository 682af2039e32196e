import type { Expression, Reading } from '#protocol'
import type { Problem } from './problem.ts'
import { dictionary, finiteNumber } from './strategies.ts'
import type { ExpressionRow } from './tables.ts'

/** The expressions that are on and have an action; those whose text cannot be understood are named. */
export function activeExpressions(rows: readonly ExpressionRow[]): { expressions: Expression[]; problems: Problem[] } {
  const expressions: Expression[] = []
  const problems: Problem[] = []
  for (const row of rows) {
    if (row.action_id <= 0 || row.pause !== 0) continue
    const read = readExpression(row)
    if (read.ok) expressions.push(read.value)
    else problems.push({ table: 'expression', id: row.id, reason: read.reason, skipped: true })
  }
  return { expressions, problems }
}

function readExpression(row: ExpressionRow): Reading<Expression> {
  const matched = parseExpression(row.expression)
  if (!matched.ok) return matched
  const rightValue = finiteNumber(row.right_value)
  if (rightValue === undefined)
    return { ok: false, reason: `its right_value ${JSON.stringify(row.right_value)} is no number` }
  return {
    ok: true,
    value: {
      id: row.id,
      metric: matched.value.metric,
      tags: matched.value.tags,
      func: row.func,
      operator: row.op,
      rightValue,
      maxStep: row.max_step,
      priority: row.priority,
      note: row.note,
      actionId: row.action_id,
    },
  }
}

/**
 * `each(metric=m k=v …)` → its metric and tags. What counts is between the first `(` and the first `)`: at least two words,
 * each with exactly one `=`, one of them `metric=`. Falcon: whether `each` precedes is not looked at.
 */
export function parseExpression(text: string): Reading<{ metric: string; tags: Record<string, string> }> {
  const refused = (why: string) => ({ ok: false as const, reason: `its text ${JSON.stringify(text)} ${why}` })
  const open = text.indexOf('(')
  const close = text.indexOf(')')
  if (open < 0 || close < open) return refused('has no parentheses')
  const words = text
    .slice(open + 1, close)
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length < 2) return refused('needs a metric and at least one tag')
  const pairs = new Map<string, string>()
  for (const word of words) {
    const [key, value, ...more] = word.split('=')
    if (key === undefined || value === undefined || more.length > 0)
      return refused(`has ${JSON.stringify(word)}, which is not key=value`)
    pairs.set(key, value)
  }
  const metric = pairs.get('metric')
  if (metric === undefined) return refused('names no metric')
  pairs.delete('metric')
  return { ok: true, value: { metric, tags: dictionary(pairs) } }
}
