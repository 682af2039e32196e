import { expect, test } from 'vitest'
import { compileFunction } from './compile.ts'
import type { FunctionMaker, Verdict } from './function.ts'

/** Judges literal values, newest first; throws when the text does not compile. */
export function verdictOf(text: string, operator: string, rightValue: number, values: readonly number[]): Verdict {
  const compiled = compileFunction(text, operator, rightValue)
  if (!compiled.ok) throw new Error(compiled.reason)
  if (compiled.value.kind !== 'values') throw new Error(`${text} judges no values`)
  const verdict = { leftValue: Number.NaN, triggered: false }
  compiled.value.judge.judge(Float64Array.from(values), verdict)
  return verdict
}

/** What every member of the family keeps. */
export function describeFunction(member: FunctionMaker): void {
  const text = member.numbers === 1 ? `${member.name}(#3)` : `${member.name}(#2,3)`
  const values = [8, 4, 2, 1, 0.5, 0.25]

  test(`${member.name}: looks at no value beyond its window`, () => {
    const compiled = compileFunction(text, '>', 1)
    if (!compiled.ok || compiled.value.kind !== 'values') throw new Error(`${text} did not compile`)
    const { judge } = compiled.value
    const [exact, longer] = [values.slice(0, judge.window), values.slice(0, judge.window).concat(1e9, -1e9)]
    expect(verdictOf(text, '>', 1, exact)).toEqual(verdictOf(text, '>', 1, longer))
  })

  test(`${member.name}: overwrites what an earlier call found`, () => {
    const compiled = compileFunction(text, '>', 1e6)
    if (!compiled.ok || compiled.value.kind !== 'values') throw new Error(`${text} did not compile`)
    const verdict = { leftValue: 99, triggered: true }
    compiled.value.judge.judge(
      Float64Array.from({ length: compiled.value.judge.window }, () => 7),
      verdict,
    )
    if (member.name !== 'stddev') expect(verdict.triggered).toBe(false)
    expect(verdict.leftValue).not.toBe(99)
  })

  test(`${member.name}: NaN among the values satisfies nothing`, () => {
    const nothing = Array.from({ length: 6 }, () => Number.NaN)
    for (const operator of ['>', '<', '==', '!=']) expect(verdictOf(text, operator, 0, nothing).triggered).toBe(false)
  })

  test(`${member.name}: missing numbers are refused`, () => {
    for (const wrong of [
      member.name,
      `${member.name}()`,
      `${member.name}(3)`,
      `${member.name}(#)`,
      `${member.name}(#x)`,
    ])
      expect(compileFunction(wrong, '>', 0), wrong).toMatchObject({ ok: false })
  })
}
