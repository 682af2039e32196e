const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const hexadecimal = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?p([+-]?\d+)$/i
const infinity = /^([+-]?)inf(?:inity)?$/i

/**
 * A number as Go's `strconv.ParseFloat` reads it, which is what Open-Falcon takes as the text of a value: `.5`, `5.`,
 * `+5`, `1e3`, `1_000`, `0x1p4`, `NaN`, `-Infinity`, letters in any case, no blanks around.
 * Too small becomes 0. Undefined when it is no number or too large.
 */
export function parseGoFloat(text: string): number | undefined {
  if (text.includes('_')) return underscoresSeparateDigits(text) ? parseGoFloat(text.replaceAll('_', '')) : undefined
  if (decimal.test(text)) return finite(Number(text))
  const hex = hexadecimal.exec(text)
  if (hex) return finite(hexValue(hex[1] ?? '', hex[2] ?? '', hex[3] ?? '', Number(hex[4])))
  const infinite = infinity.exec(text)
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity
  return /^nan$/i.test(text) ? Number.NaN : undefined
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

function hexValue(sign: string, whole: string, fraction: string, exponent: number): number {
  const digits = whole + fraction
  if (digits === '') return Number.NaN
  const mantissa = Number(BigInt(`0x${digits}`))
  const value = mantissa === 0 ? 0 : scale(mantissa, exponent - 4 * fraction.length)
  return sign === '-' ? -value : value
}

/** `mantissa * 2 ** exponent`, in steps, because the power alone may leave the range that the product stays in. */
function scale(mantissa: number, exponent: number): number {
  let value = mantissa
  let left = Math.max(-5000, Math.min(5000, exponent))
  while (left !== 0 && value !== 0 && Number.isFinite(value)) {
    const step = Math.max(-1000, Math.min(1000, left))
    value *= 2 ** step
    left -= step
  }
  return value
}

/** Go's rule: an underscore stands between two digits, or between the base prefix and a digit. */
function underscoresSeparateDigits(text: string): boolean {
  const [, prefix = '', rest = ''] = /^[+-]?(0[box])?(.*)$/is.exec(text) ?? []
  const digit = /x$/i.test(prefix) ? /[\da-f]/i : /\d/
  let previous = prefix === '' ? '' : '0'
  for (const character of rest) {
    if (digit.test(character)) previous = '0'
    else if (character === '_') {
      if (previous !== '0') return false
      previous = '_'
    } else {
      if (previous === '_') return false
      previous = ''
    }
  }
  return previous !== '_'
}
