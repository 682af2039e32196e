import { sortTags } from '#protocol'

/** One value as a collector found it; the sender adds endpoint, step, default tags and timestamp. */
export interface CollectedSample {
  readonly metric: string
  readonly value: number
  readonly counterType: 'GAUGE' | 'COUNTER'
  /** Canonical: `k=v,k2=v2` sorted by key, empty when there are none. */
  readonly tags: string
}

/** One source of host metrics. The scheduler awaits each call, so a collector never runs beside itself. */
export interface Collector {
  readonly name: string
  /** Resolves to `[]` while there is nothing to report yet; rejects when the source cannot be read. */
  collect(): Promise<CollectedSample[]>
}

/** A value to be taken as it is. `tags` must be canonical already. */
export function gauge(metric: string, value: number, tags = ''): CollectedSample {
  return { metric, value, counterType: 'GAUGE', tags }
}

/** An ever-growing number whose rate matters. `tags` must be canonical already. */
export function counter(metric: string, value: number, tags = ''): CollectedSample {
  return { metric, value, counterType: 'COUNTER', tags }
}

/** Characters that a tag value loses on its way: transfer drops blanks and splits at commas, graph refuses the others. */
const unsafe = /[\p{Cc}\s,'">\\]/gu

/**
 * Canonical tags of names that come from the host. What a tag cannot carry is written as in /proc/mounts: a
 * backslash and three octal digits for each byte, so that `/mnt/my disk` is `/mnt/my\040disk`.
 */
export function hostTags(values: Readonly<Record<string, string>>): string {
  return sortTags(
    Object.entries(values)
      .map(([key, value]) => `${key}=${value.replace(unsafe, octal)}`)
      .join(','),
  )
}

function octal(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
