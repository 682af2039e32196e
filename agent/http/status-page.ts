import type { CheckState } from '../checks/runner.ts'
import { namesOf } from '../processes/run-guard.ts'
import type { PlanProblem } from '../plugins/plan.ts'
import type { PluginState } from '../plugins/scheduler.ts'
import type { LastValue } from '../last-values.ts'
import type { SendState } from '../sender/sender.ts'
import { escapeHtml } from './answer.ts'

/** What the page shows. Times are unix milliseconds. */
export interface AgentStatus {
  readonly hostname: string
  readonly version: string
  readonly startedMs: number
  readonly nowMs: number
  /** Undefined when nothing is to be sent. */
  readonly send: SendState | undefined
  /** Undefined when this agent does not talk to hbs. */
  readonly heartbeat: { readonly trouble: string | undefined; readonly lastMs: number | undefined } | undefined
  readonly counts: Readonly<Record<string, number>>
  readonly plugins: ReadonlyMap<string, PluginState>
  readonly pluginProblems: readonly PlanProblem[]
  readonly checks: readonly CheckState[]
  readonly values: readonly LastValue[]
  /** How close the agent is to its memory limit; undefined when it has none. */
  readonly limit: string | undefined
}

/** `/`: the state of this agent for a person, in one page that needs nothing else. */
export function statusPage(status: AgentStatus): string {
  const { hostname, version, nowMs, startedMs } = status
  const ago = (ms: number | undefined) => (ms === undefined ? 'never' : `${span(nowMs - ms)} ago`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="30"><title>${escapeHtml(hostname)} – agent</title>
<style>${style}</style></head><body>
<h1>${escapeHtml(hostname)}</h1>
<p>agent ${escapeHtml(version)}, up ${span(nowMs - startedMs)}${status.limit === undefined ? '' : `, ${escapeHtml(status.limit)}`}</p>
${section('Sending', sending(status.send, ago))}
${section('Heartbeat', heartbeat(status, ago))}
${section('Plugins', plugins(status, ago))}
${section('Checks', checks(status.checks, ago))}
${section('Last values', values(status.values, ago))}
${section(
  'Counters',
  table(
    ['counter', 'value'],
    Object.entries(status.counts)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, number(value)]),
  ),
)}
</body></html>
`
}

const style = `body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}
table{border-collapse:collapse}td,th{padding:.15em .8em;text-align:left;border-bottom:1px solid #ddd}
td.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#b00}.good{color:#070}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}td,th{border-color:#444}.bad{color:#f77}.good{color:#7d7}}`

function sending(send: SendState | undefined, ago: (ms: number | undefined) => string): string {
  if (!send) return '<p>Switched off: transfer.enabled is false or transfer.addrs is empty.</p>'
  const { trouble, peer, latencyMs, lastDeliveryMs, memoryItems, spoolItems, spoolBytes, spoolOldestSeconds } = send
  return [
    verdict(trouble, peer === undefined ? 'nothing sent yet' : `samples are taken by ${peer}`),
    table(
      ['last acknowledged', 'took', 'waiting in memory', 'waiting on disk', 'bytes on disk', 'oldest on disk'],
      [
        [
          ago(lastDeliveryMs),
          latencyMs === undefined ? '' : `${Math.round(latencyMs)} ms`,
          number(memoryItems),
          number(spoolItems),
          number(spoolBytes),
          spoolItems === 0 ? '' : span(spoolOldestSeconds * 1000),
        ],
      ],
    ),
  ].join('')
}

function heartbeat({ heartbeat }: AgentStatus, ago: (ms: number | undefined) => string): string {
  if (!heartbeat) return '<p>Switched off: heartbeat.enabled is false or heartbeat.addr is empty.</p>'
  return verdict(heartbeat.trouble, `hbs answered ${ago(heartbeat.lastMs)}`)
}

function plugins(status: AgentStatus, ago: (ms: number | undefined) => string): string {
  const rows = [...status.plugins].map(([key, { plugin, running, last }]) => [
    key,
    `${plugin.Cycle} s`,
    running ? 'running' : last ? ago(last.atMs) : 'not yet run',
    last ? `${last.durationMs} ms` : '',
    String(last?.exit ?? ''),
    last ? number(last.samples) : '',
    last?.error ?? last?.message ?? '',
    last && last.left.length > 0 ? namesOf(last.left) : '',
  ])
  const problems = status.pluginProblems.map(({ entry, reason }) => [entry, reason])
  const planned = table(
    ['plugin', 'every', 'last run', 'took', 'exit', 'samples', 'error or message', 'left running'],
    rows,
  )
  return problems.length === 0 ? planned : planned + table(['bound, but nothing to run', 'because'], problems)
}

function checks(states: readonly CheckState[], ago: (ms: number | undefined) => string): string {
  return table(
    ['metric', 'tags', 'last run', 'took', 'values', 'because'],
    states.map(({ metrics, tags, last }) => [
      metrics.join(' '),
      tags,
      last ? ago(last.atMs) : 'not yet run',
      last ? `${Math.round(last.durationMs)} ms` : '',
      Object.entries(last?.values ?? {})
        .map(([metric, value]) => `${metric} ${number(value)}`)
        .join(', '),
      last?.reason ?? last?.note ?? '',
    ]),
  )
}

function values(list: readonly LastValue[], ago: (ms: number | undefined) => string): string {
  return table(
    ['metric', 'tags', 'value', '', 'measured'],
    list.map(({ sample, perSecond, atMs }) => [
      sample.metric,
      sample.tags,
      number(perSecond ?? sample.value),
      perSecond === undefined ? (sample.counterType === 'COUNTER' ? 'in total' : '') : 'per second',
      ago(atMs),
    ]),
  )
}

function section(title: string, body: string): string {
  return `<h2>${title}</h2>${body}`
}

function verdict(trouble: string | undefined, wellDone: string): string {
  return trouble === undefined
    ? `<p class="good">${escapeHtml(wellDone)}</p>`
    : `<p class="bad">${escapeHtml(trouble)}</p>`
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>none</p>'
  const cell = (text: string) => `<td${/^-?[\d.,]+$/.test(text) ? ' class="n"' : ''}>${escapeHtml(text)}</td>`
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')
  return `<table><tr>${heading.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr>\n${body}</table>`
}

/** Up to three digits behind the point, thousands apart. */
function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
