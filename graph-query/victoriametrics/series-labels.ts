import { labelsOf } from '#lib/remote-write'
import type { Label } from '#lib/remote-write'
import { counterOf } from '#protocol'
import type { Series } from '#protocol'
import type { SeriesKind } from '../store/series-record.ts'

/** One series of a counter as the server has it. A counter whose kind or step was changed has several. */
export interface Variant {
  readonly kind: SeriesKind
  /** Seconds. */
  readonly step: number
}

/** Labels as the server names them. */
export type LabelSet = Readonly<Record<string, string>>

// Falcon: COUNTER and DERIVE are stored alike, as what never goes down.
const kindOf = (series: Series): SeriesKind => (series.counterType === 'GAUGE' ? 'GAUGE' : 'DERIVE')

/**
 * Metric, endpoint and tags are labels for whoever asks the server itself. `counter` repeats metric and tags as one
 * text, so that a counter is found exactly and whatever its tags look like; `dstype` and `step` say how to read it.
 */
export function seriesLabels(series: Series): Label[] {
  const { metric, tags, step } = series
  return labelsOf(series, 'verbatim', [
    { name: 'counter', value: counterOf(metric, tags) },
    { name: 'dstype', value: kindOf(series) },
    { name: 'step', value: String(step) },
  ])
}

/** What the labels of a stored series say; undefined when they are not ours. */
export function readLabels(labels: LabelSet): (Variant & { endpoint: string; counter: string }) | undefined {
  const { endpoint, counter, dstype, step } = labels
  if (endpoint === undefined || counter === undefined || !/^[1-9]\d{0,9}$/.test(step ?? '')) return undefined
  if (dstype !== 'GAUGE' && dstype !== 'DERIVE') return undefined
  return { endpoint, counter, kind: dstype, step: Number(step) }
}

/** `{endpoint="h1",counter="cpu.idle"}`, or with `=~` for lists of which any value fits. */
export function selectorOf(wanted: Readonly<Record<string, string | readonly string[]>>): string {
  const filters = Object.entries(wanted).map(([label, value]) =>
    typeof value === 'string'
      ? `${label}=${quote(value)}`
      : `${label}=~${quote(value.map(escapeExpression).join('|'))}`,
  )
  return `{${filters.join(',')}}`
}

/** A filter for counters that contain a text, in any case. */
export function counterContains(part: string): string {
  return `counter=~${quote(`(?i).*${escapeExpression(part)}.*`)}`
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

/** As a Go string literal. Storable names have no quotes, but what is asked for may. */
function quote(text: string): string {
  return JSON.stringify(text)
}
