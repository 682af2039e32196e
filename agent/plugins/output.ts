import { readFirstJson } from '#protocol'
import type { Reading } from '#protocol'
import { readLines } from './lines.ts'
import type { PluginSample } from './lines.ts'
import { isNagios, readNagios } from './nagios.ts'
import type { Plugin } from './plan.ts'

/** What a plugin printed, as the JSON array of items that the intake takes. */
export interface PluginOutput {
  readonly format: 'json' | 'lines' | 'nagios'
  readonly items: string
  /** What it says to people. */
  readonly message?: string
}

/**
 * JSON comes first and goes on as it is, so that plugins of Open-Falcon work as ever. A Nagios plugin is known by its
 * name or its performance data (`isNagios`); anything else must be lines of samples. Undefined for no output.
 */
export function readOutput(
  plugin: Plugin,
  exit: number | string | undefined,
  text: string,
): Reading<PluginOutput> | undefined {
  if (text === '') return undefined
  if (/^\s*(?:[[{]|null\s*$)/.test(text) && readFirstJson(text))
    return { ok: true, value: { format: 'json', items: text } }
  if (typeof exit === 'number' && isNagios(plugin, exit, text)) {
    const { samples, message } = readNagios(plugin, exit, text)
    return { ok: true, value: { format: 'nagios', items: itemsOf(samples, plugin.Cycle), message } }
  }
  const lines = readLines(text)
  if (!lines.ok) return { ok: false, reason: `it is not JSON, and ${lines.reason}` }
  return { ok: true, value: { format: 'lines', items: itemsOf(lines.value, plugin.Cycle) } }
}

/** Endpoint and time are those of the host and of now. */
export function itemsOf(samples: readonly PluginSample[], stepSeconds: number): string {
  return JSON.stringify(samples.map((sample) => ({ endpoint: '', ...sample, step: stepSeconds, timestamp: 0 })))
}
