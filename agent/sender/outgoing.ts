import { saneTimestamp } from '#protocol'
import type { ReceivedItem } from '#protocol'
import type { CollectedSample } from '../collectors/collector.ts'

/** `{idc: 'z1'}` → `idc=z1`, in the order of the file. */
export function tagText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** `a=1` and `idc=z1` → `a=1,idc=z1`; either may be empty. */
export function joinTags(own: string, defaults: string): string {
  if (own === '' || defaults === '') return own + defaults
  return `${own},${defaults}`
}

/** A sample of our own as it goes out; all of one round share endpoint, step and timestamp. */
export function ownItem(
  sample: CollectedSample,
  round: { endpoint: string; step: number; timestamp: number; defaultTags: string },
): ReceivedItem {
  return {
    endpoint: round.endpoint,
    metric: sample.metric,
    value: sample.value,
    step: round.step,
    counterType: sample.counterType,
    tags: joinTags(sample.tags, round.defaultTags),
    timestamp: round.timestamp,
  }
}

/**
 * A sample of a script as it goes out: as given, with what is missing filled in. The time is settled here by transfer's
 * own rule, because the sample may reach transfer much later.
 */
export function givenItem(
  item: ReceivedItem,
  fill: { endpoint: string; nowSeconds: number; defaultTags: string },
): ReceivedItem {
  return {
    endpoint: item.endpoint === '' ? fill.endpoint : item.endpoint,
    metric: item.metric,
    value: item.value,
    step: item.step,
    counterType: item.counterType,
    tags: joinTags(item.tags, fill.defaultTags),
    timestamp: saneTimestamp(item.timestamp, fill.nowSeconds),
  }
}
