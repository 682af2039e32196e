import type { Reading } from '#protocol'
import type { JudgeFunction } from './function.ts'
import { functions } from './index.ts'
import { createThreshold, isOperator } from './threshold.ts'

/** What the text of a rule's func became. */
export type Compiled =
  | { readonly kind: 'values'; readonly judge: JudgeFunction }
  /** Fires `steps` steps of the series after its last arrival. */
  | { readonly kind: 'absence'; readonly steps: number }

/**
 * Compiles `name(#n)` or `name(#n,m)` of a rule. Open-Falcon looks for the first `#`, drops one character on each side
 * and takes what is between as numbers, so `max[#3]` is the same as `max(#3)`; kept. Where its judge would crash, the
 * rule is refused. A function that can never decide or fire compiles: `neverReason` tells.
 */
export function compileFunction(text: string, operator: string, rightValue: number): Reading<Compiled> {
  const refused = (why: string) => ({ ok: false, reason: `func "${text}" cannot be used: ${why}` }) as const
  if (text === '') return refused('func can not be null!')
  const at = text.indexOf('#')
  // Falcon: without a # the numbers start at the first character.
  if (text.length - 1 < at + 1) return refused('there is nothing after the #')
  const numbers: number[] = []
  for (const word of text.slice(at + 1, -1).split(',')) {
    const number = parseGoInteger(word)
    if (!number.ok) return refused(number.reason)
    numbers.push(number.value)
  }
  if (at < 1) return refused('it has no name before the #')
  const name = text.slice(0, at - 1)
  const [first = 0, second] = numbers
  if (name === 'nodata') {
    if (first < 1) return refused('the number of steps must be at least 1')
    return { ok: true, value: { kind: 'absence', steps: first } }
  }
  const maker = functions.find((member) => member.name === name)
  if (!maker) return refused(`not_supported_method, known are ${functions.map((f) => f.name).join(' ')} nodata`)
  if (maker.numbers === 2 && second === undefined) return refused(`${name} needs two numbers, as in ${name}(#2,3)`)
  const judge = maker.make(createThreshold(operator, rightValue), first, second ?? 0)
  if (maker.usesOperator && !isOperator(operator))
    return { ok: true, value: { kind: 'values', judge: { ...judge, never: `there is no operator "${operator}"` } } }
  return { ok: true, value: { kind: 'values', judge } }
}

/** Why a compiled function will never fire; undefined when it can. */
export function neverReason(compiled: Compiled): string | undefined {
  if (compiled.kind === 'absence') return undefined
  if (compiled.judge.window < 1) return `it looks at ${compiled.judge.window} values, at least 1 is needed`
  return compiled.judge.never
}

/** A decimal integer as Go's `strconv.Atoi` takes it, with Go's words for what is wrong. */
function parseGoInteger(text: string): Reading<number> {
  if (!/^[+-]?\d+$/.test(text))
    return { ok: false, reason: `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax` }
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    return { ok: false, reason: `strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range` }
  return { ok: true, value }
}
