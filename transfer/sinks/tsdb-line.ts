/**
 * `put metric timestamp value endpoint=host k=v`, as Open-Falcon's transfer writes it: the tags and `endpoint`, which
 * wins over a tag of that name; keys in lower case. Where Open-Falcon cuts values to three digits, every digit is kept.
 * Undefined when the value is no number that OpenTSDB takes.
 */
export function tsdbLine(
  { endpoint, metric, tags }: { endpoint: string; metric: string; tags: string },
  value: number,
  timestamp: number,
): string | undefined {
  if (!Number.isFinite(value)) return undefined
  const host = endpoint === '' ? '' : ` endpoint=${allowed(endpoint)}`
  return `put ${allowed(metric)} ${timestamp} ${valueText(value)}${host}${tagText(tags)}\n`
}

const plain = /^[A-Za-z0-9\-_./]*$/
const forbidden = /[^\p{L}0-9\-_./]/gu

/** Falcon: a blank becomes `_`. So does here whatever else OpenTSDB would refuse the sample for. */
function allowed(text: string): string {
  return plain.test(text) ? text : text.replace(forbidden, '_')
}

/** Canonical tags in which nothing is to be replaced but the commas between them. */
const plainTags = /^[a-z0-9\-_./]+=[A-Za-z0-9\-_./]+(?:,[a-z0-9\-_./]+=[A-Za-z0-9\-_./]+)*$/
const holdsEndpoint = /(?:^|,)endpoint=/

function tagText(tags: string): string {
  if (tags === '') return ''
  if (plainTags.test(tags) && !holdsEndpoint.test(tags)) return ` ${tags.replaceAll(',', ' ')}`
  let text = ''
  for (const part of tags.split(',')) {
    const at = part.indexOf('=')
    const key = allowed(part.slice(0, at).toLowerCase())
    const value = allowed(part.slice(at + 1))
    if (at > 0 && value !== '' && key !== 'endpoint') text += ` ${key}=${value}`
  }
  return text
}

/** OpenTSDB reads digits alone as 64-bit integers, which have no -0 and an end. */
function valueText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  const misread = text === '-0' || (Math.abs(value) >= 2 ** 63 && !text.includes('e'))
  return misread ? `${text}.0` : text
}
