/** Series as agents send them, for every bench that fills a store: the same names and values wherever they go. */

export const seriesPerHost = 100
export const stepSeconds = 60

/** Host 7 has the series 700 to 799; one in twenty is a counter. */
export function seriesOf(index: number) {
  return {
    endpoint: `host${Math.floor(index / seriesPerHost)}.example`,
    metric: `metric.number${index % seriesPerHost}`,
    tags: `device=sda${index % 3}`,
    counterType: index % 20 === 16 ? 'DERIVE' : 'GAUGE',
  } as const
}

/** The same as a store knows it. */
export function storedSeriesOf(index: number) {
  const { endpoint, metric, tags, counterType } = seriesOf(index)
  return { endpoint, counter: `${metric}/${tags}`, kind: counterType, step: stepSeconds } as const
}

/** 35 % constant, 20 % small counts, 15 % rates, 10 % cents, 5 % growing numbers, the rest percentages of all digits. */
export function valueOf(index: number, minute: number): number {
  const noise = noiseOf(index, minute)
  const kind = index % 20
  if (kind < 7) return index
  if (kind < 11) return noise % 16
  if (kind < 14) return ((noise % 5000) * 37) / 60
  if (kind < 16) return (noise % 10_000) / 100
  if (kind === 16) return minute * 1_000_003 + (noise % 60_000)
  return (noise / 2 ** 32) * 100
}

/** 32 bits of which none follows from those of the minute before: a compressor finds nothing that hosts would not have. */
function noiseOf(index: number, minute: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(minute + 1, 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b)
  return (bits ^ (bits >>> 16)) >>> 0
}
