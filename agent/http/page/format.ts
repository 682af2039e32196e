import type { Texts } from './texts.ts'

/** Up to three digits behind the point, fewer where there are many before it; thousands apart. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3
  const text = String(Number(value.toFixed(digits)))
  if (text.includes('e')) return text
  const [whole = '', fraction] = text.split('.')
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** `1.5 MiB` */
export function bytes(value: number): string {
  return scaled(value, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'])
}

/** `1.5 M`, where the heading says of what. */
export function shortBytes(value: number): string {
  return scaled(value, ['', 'K', 'M', 'G', 'T', 'P'])
}

function scaled(value: number, units: readonly string[]): string {
  let size = value
  let unit = 0
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${Number(size.toFixed(Math.abs(size) >= 100 || unit === 0 ? 0 : 1))} ${units[unit] ?? ''}`.trimEnd()
}

/** How long something is, in its largest useful unit. */
export function span(ms: number, texts: Texts): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return texts('seconds', { n: seconds })
  if (seconds < 7200) return texts('minutes', { n: Math.round(seconds / 60) })
  if (seconds < 172_800) return texts('hours', { n: Math.round(seconds / 3600) })
  return texts('days', { n: Math.round(seconds / 86_400) })
}

export function ago(atMs: number | undefined, nowMs: number, texts: Texts): string {
  return atMs === undefined ? texts('never') : texts('ago', { span: span(nowMs - atMs, texts) })
}

/** `14:05` and the distance from UTC, in the time zone of this host. A browser puts that of its viewer there. */
export function clockTime(ms: number): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = -date.getTimezoneOffset()
  const away = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
  return `${two(date.getHours())}:${two(date.getMinutes())} (${away})`
}
