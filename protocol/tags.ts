/**
 * The dictionary Open-Falcon's transfer makes of a raw tag text: all U+0020 removed, split at `,`, then at the
 * first `=`; parts without `=` are ignored, an empty key or value is allowed, a later duplicate wins.
 */
export function parseTags(raw: string): Map<string, string> {
  const tags = new Map<string, string>()
  for (const part of raw.replaceAll(' ', '').split(',')) {
    const at = part.indexOf('=')
    if (at >= 0) tags.set(part.slice(0, at), part.slice(at + 1))
  }
  return tags
}

/** Canonical text of a tag dictionary: `k=v,…` with keys in byte order. */
export function formatTags(tags: ReadonlyMap<string, string>): string {
  if (tags.size === 0) return ''
  return [...tags]
    .toSorted(([a], [b]) => compareBytes(a, b))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** Raw tag text as sent → canonical tag text. */
export function sortTags(raw: string): string {
  if (raw === '') return raw
  return formatTags(parseTags(raw))
}

/** Order of UTF-8 bytes, which differs from JavaScript's order for characters beyond U+FFFF. */
export function compareBytes(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
