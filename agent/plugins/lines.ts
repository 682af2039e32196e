import { isCounterType } from '#protocol'
import type { Reading } from '#protocol'

/** A sample as an item without what the agent fills in. */
export interface PluginSample {
  readonly metric: string
  readonly value: number
  readonly tags: string
  readonly counterType: string
}

export const numberPattern = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`
const metricPattern = /^[A-Za-z_][\w.:/%-]*$/
const valuePattern = new RegExp(`^${numberPattern}$`)

/**
 * `metric value [k=v,k2=v2] [GAUGE|COUNTER]`, one sample a line, GAUGE unless said; empty lines and those that begin with `#` count
 * for nothing. One line of another form refuses all: then the text is no samples but talk that happens to look so.
 */
export function readLines(text: string): Reading<PluginSample[]> {
  const samples: PluginSample[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const sample = parseLine(line)
    if (!sample)
      return {
        ok: false,
        reason: `line ${index + 1} is not "metric value [k=v,…] [GAUGE|COUNTER]": ${line.slice(0, 80)}`,
      }
    samples.push(sample)
  }
  return { ok: true, value: samples }
}

function parseLine(line: string): PluginSample | undefined {
  const [metric = '', value = '', ...rest] = line.trim().split(/[ \t]+/)
  if (!metricPattern.test(metric) || !valuePattern.test(value)) return undefined
  const tags = rest[0]?.includes('=') === true ? rest.shift() : undefined
  const counterType = rest.shift() ?? 'GAUGE'
  if (
    rest.length > 0 ||
    !isCounterType(counterType) ||
    tags?.split(',').some((tag) => !/^[^=]+=[^=]+$/.test(tag)) === true
  )
    return undefined
  return { metric, value: Number(value), tags: tags ?? '', counterType }
}
