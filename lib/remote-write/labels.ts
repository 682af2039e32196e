import { compareBytes, parseTags } from '#protocol'

export interface Label {
  readonly name: string
  readonly value: string
}

/**
 * `prometheus`: names get an underscore for each character that Prometheus does not allow in them.
 * `verbatim`: names stay as they are, for servers that take any, as VictoriaMetrics does.
 */
export type NamingRules = 'prometheus' | 'verbatim'

/** Receivers cut off labels beyond this many (VictoriaMetrics by default), and not the least important ones. */
const mostLabels = 30

/**
 * The labels of a series: `__name__`, `endpoint`, those of `more`, and its tags. A tag that is called as one of the
 * others gets `exported_` before its name, as Prometheus does when it scrapes. An empty value means no label to
 * every receiver, so such tags are left out; so are all tags when there would be too many labels.
 */
export function labelsOf(
  series: { readonly endpoint: string; readonly metric: string; readonly tags: string },
  rules: NamingRules,
  more: readonly Label[] = [],
): Label[] {
  const labels: Label[] = [
    { name: '__name__', value: metricName(series.metric, rules) },
    { name: 'endpoint', value: series.endpoint },
    ...more,
  ]
  const taken = new Set(labels.map(({ name }) => name))
  const tags: Label[] = []
  for (const [key, value] of parseTags(series.tags)) {
    let name = labelName(key, rules)
    if (name === '' || value === '') continue
    while (taken.has(name)) name = `exported_${name}`
    taken.add(name)
    tags.push({ name, value })
  }
  return labels.length + tags.length > mostLabels ? labels : [...labels, ...tags]
}

function metricName(metric: string, rules: NamingRules): string {
  if (rules === 'verbatim') return metric
  const name = metric.replaceAll(/[^a-zA-Z0-9_:]/g, '_')
  return /^\d/.test(name) ? `_${name}` : name
}

function labelName(key: string, rules: NamingRules): string {
  if (rules === 'verbatim') return key
  const name = key.replaceAll(/[^a-zA-Z0-9_]/g, '_')
  return /^\d/.test(name) ? `_${name}` : name
}

/** Labels as a TimeSeries message holds them, sorted by name as receivers demand. To be kept: encoding takes a while. */
export function encodeLabels(labels: readonly Label[]): Buffer {
  const parts: Buffer[] = []
  for (const { name, value } of labels.toSorted((a, b) => compareBytes(a.name, b.name))) {
    const pair = Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])
    parts.push(field(1, pair))
  }
  return Buffer.concat(parts)
}

/** A length-delimited protobuf field. */
function field(number: number, content: Buffer): Buffer {
  const head: number[] = [(number << 3) | 2]
  let length = content.length
  for (; length >= 0x80; length >>>= 7) head.push((length & 0x7f) | 0x80)
  head.push(length)
  return Buffer.concat([Buffer.from(head), content])
}
