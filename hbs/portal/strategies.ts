import { compareBytes, parseGoFloat } from '#protocol'
import type { Strategy, TemplateRef } from '#protocol'
import type { Problem } from './problem.ts'
import { inRunWindow } from './run-window.ts'
import type { StrategyRow, TemplateRow } from './tables.ts'

export function templateRefs(rows: readonly TemplateRow[]): Map<number, TemplateRef> {
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        name: row.tpl_name,
        parentId: row.parent_id,
        actionId: row.action_id,
        creator: row.create_user,
      },
    ]),
  )
}

/** The strategies active at `now` (`HH:MM`), each with its own template; rows that cannot be used are named. */
export function activeStrategies(
  rows: readonly StrategyRow[],
  templates: ReadonlyMap<number, TemplateRef>,
  now: string,
): { strategies: Strategy[]; problems: Problem[] } {
  const strategies: Strategy[] = []
  const problems: Problem[] = []
  const problem = (row: StrategyRow, reason: string, skipped: boolean) =>
    problems.push({ table: 'strategy', id: row.id, reason, skipped })
  for (const row of rows) {
    const rightValue = finiteNumber(row.right_value)
    const tpl = templates.get(row.tpl_id)
    if (tpl === undefined) problem(row, `its template ${row.tpl_id} does not exist`, true)
    else if (rightValue === undefined)
      problem(row, `its right_value ${JSON.stringify(row.right_value)} is no number`, true)
    else {
      if (row.tags.includes(' '))
        problem(row, `its tags ${JSON.stringify(row.tags)} hold blanks, items never do`, false)
      if (inRunWindow(row.run_begin, row.run_end, now)) strategies.push(strategyOf(row, rightValue, tpl))
    }
  }
  return { strategies, problems }
}

function strategyOf(row: StrategyRow, rightValue: number, tpl: TemplateRef): Strategy {
  return {
    id: row.id,
    metric: row.metric,
    tags: strategyTags(row.tags),
    func: row.func,
    operator: row.op,
    rightValue,
    maxStep: row.max_step,
    priority: row.priority,
    note: row.note,
    tpl,
  }
}

/**
 * Split at `,`, then at the first `=`; parts without `=` do not count, a later duplicate wins.
 * Falcon: blanks stay, so judge has to pass over them, as no item has any.
 */
export function strategyTags(text: string): Record<string, string> {
  const tags = new Map<string, string>()
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    if (at >= 0) tags.set(part.slice(0, at), part.slice(at + 1))
  }
  return dictionary(tags)
}

/** Keys in the order of their bytes. */
export function dictionary(tags: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...tags].toSorted(([a], [b]) => compareBytes(a, b)))
}

/** Infinite and undefined numbers cannot be written as JSON; they would take the whole answer with them. */
export function finiteNumber(text: string): number | undefined {
  const value = parseGoFloat(text)
  return value !== undefined && Number.isFinite(value) ? value : undefined
}
