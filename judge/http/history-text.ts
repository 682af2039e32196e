import type { TrackedSeries } from '../series/tracked-series.ts'

/**
 * The lines of `/history`: `<unix seconds> <local date and time> <value>`, newest first, all but the oldest point kept.
 * COUNTER and DERIVE show rates, each at the newer of its two points, as Open-Falcon does.
 */
export function historyText({ history }: TrackedSeries): string {
  const values = new Float64Array(history.capacity)
  const count = history.newestInto(values, history.capacity - 1)
  let text = ''
  for (let i = 0; i < count; i++) {
    const timestamp = history.timestampAt(i)
    text += `${timestamp} ${localTime(timestamp)} ${formatGoFloat(values[i] ?? 0)}\n`
  }
  return text
}

/** `YYYY-MM-DD HH:MM:SS` in this machine's zone. */
function localTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** Go's `%v` of a float64: an exponent of two digits at least, below 1e-4 and from 1e21 on. */
export function formatGoFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const magnitude = Math.abs(value)
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e21)) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
