/**
 * A number with a fixed count of decimals as Go's `%.<decimals>f` writes it: exact digits however large, and a value
 * just between two texts goes to the even one (JavaScript's toFixed goes up, and gives up at 1e21).
 */
export function formatFixed(value: number, decimals: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  if (size >= 1e21) return `${sign}${BigInt(size)}.${'0'.repeat(decimals)}`
  return sign + (isTie(size, decimals) ? roundedToEven(size, decimals) : size.toFixed(decimals))
}

/** Up to five decimals, without zeros at the end, as Open-Falcon shows values to people. */
export function readableFloat(value: number): string {
  const text = formatFixed(value, 5)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A graph's value in the JSON of its API: six decimals, `null` for what is no number. */
export function graphFloat(value: number): string {
  return Number.isFinite(value) ? formatFixed(value, 6) : 'null'
}

/** Whether one more decimal would be a last digit 5: a binary fraction with exactly one bit more than decimals. */
function isTie(size: number, decimals: number): boolean {
  return (size * 2 ** (decimals + 1)) % 2 === 1
}

function roundedToEven(size: number, decimals: number): string {
  const halves = BigInt(size * 2 ** (decimals + 1)) * 5n ** BigInt(decimals)
  const below = (halves - 1n) / 2n
  const digits = String(below % 2n === 0n ? below : below + 1n).padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}
