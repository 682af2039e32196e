/** Compares a figure with the right value of a rule. */
export interface Threshold {
  readonly rightValue: number
  reached(value: number): boolean
}

/** Falcon: equal means closer than this. */
const tolerance = 0.0001

const comparisons: Record<string, (left: number, right: number) => boolean> = {
  '=': (left, right) => Math.abs(left - right) < tolerance,
  '==': (left, right) => Math.abs(left - right) < tolerance,
  '!=': (left, right) => Math.abs(left - right) > tolerance,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

export function isOperator(operator: string): boolean {
  return Object.hasOwn(comparisons, operator)
}

/** Falcon: an operator that is none of the seven is never satisfied. */
export function createThreshold(operator: string, rightValue: number): Threshold {
  const compare = isOperator(operator) ? comparisons[operator] : undefined
  return { rightValue, reached: compare ? (value) => compare(value, rightValue) : () => false }
}
