import type { CheckState } from '../../checks/runner.ts'
import type { LastRun } from '../../plugins/run-plugin.ts'
import { namesOf } from '../../processes/run-guard.ts'
import type { AgentStatus } from '../../status.ts'
import { droppedSamples } from '../../status.ts'
import { escapeHtml } from '../answer.ts'
import { ago, bytes, number, span } from './format.ts'
import type { Texts } from './texts.ts'

/** Rows of ready cells below a heading; a name that begins with `#` heads numbers. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], texts: Texts): string {
  if (rows.length === 0) return `<p class="soft">${texts('none')}</p>`
  const names = heading.map((name) =>
    name.startsWith('#') ? `<th class="n">${escapeHtml(name.slice(1))}</th>` : `<th>${escapeHtml(name)}</th>`,
  )
  const body = rows.map((row) => `<tr>${row.join('')}</tr>`).join('\n')
  return `<div class="card scroll"><table class="rows"><thead><tr>${names.join('')}</tr></thead><tbody>${body}</tbody></table></div>`
}

/** `td` of a plain text. */
function cell(text: string, kind = ''): string {
  return `<td${kind === '' ? '' : ` class="${kind}"`}>${escapeHtml(text)}</td>`
}

function facts(title: string, verdict: string, rows: readonly (readonly [string, string])[]): string {
  const body = rows.map(([name, value]) => `<tr>${cell(name)}${cell(value)}</tr>`).join('')
  const list = rows.length === 0 ? '' : `<table class="facts">${body}</table>`
  return `<section class="card"><h2>${escapeHtml(title)}</h2>${verdict}${list}</section>`
}

function judged(trouble: string | undefined, wellDone: string): string {
  return trouble === undefined
    ? `<p class="good">${escapeHtml(wellDone)}</p>`
    : `<p class="bad">${escapeHtml(trouble)}</p>`
}

export function sending({ send, counts, nowMs }: AgentStatus, texts: Texts): string {
  const title = texts('sending')
  if (!send) return facts(title, `<p class="soft">${texts('sendingOff')}</p>`, [])
  const { trouble, peer, latencyMs, lastDeliveryMs, memoryItems, spoolItems, spoolBytes, spoolOldestSeconds } = send
  const sum = (prefix: string) =>
    Object.entries(counts).reduce((total, [name, count]) => total + (name.startsWith(prefix) ? count : 0), 0)
  const wellDone = peer === undefined ? texts('nothingSent') : texts('sentTo', { peer })
  return facts(title, judged(trouble, wellDone), [
    [texts('acknowledged'), ago(lastDeliveryMs, nowMs, texts)],
    [texts('tookMs'), latencyMs === undefined ? '–' : `${Math.round(latencyMs)} ms`],
    [texts('delivered'), number(counts['delivered'] ?? 0)],
    [texts('waitingMemory'), number(memoryItems)],
    [texts('waitingDisk'), number(spoolItems)],
    [texts('spoolUsed'), texts('spoolOf', { used: bytes(spoolBytes), room: bytes(send.spoolMaxBytes) })],
    [texts('oldest'), spoolItems === 0 ? '–' : span(spoolOldestSeconds * 1000, texts)],
    [texts('dropped'), number(droppedSamples(counts))],
    [texts('refused'), number(sum('refused.'))],
  ])
}

export function heartbeat({ heartbeat: beat, nowMs }: AgentStatus, texts: Texts): string {
  const title = texts('heartbeat')
  if (!beat) return facts(title, `<p class="soft">${texts('heartbeatOff')}</p>`, [])
  const { skew, duplicates } = beat
  const clock = () => {
    if (!skew) return texts('unknown')
    const within = `${number(Number(skew.withinSeconds.toFixed(3)))} s`
    if (skew.seconds === 0) return texts('clockSame', { within })
    const size = `${number(Math.abs(skew.seconds))} s`
    return texts(skew.seconds > 0 ? 'clockAhead' : 'clockBehind', { skew: size, within })
  }
  const name = () => {
    if (!duplicates) return texts('unknown')
    return duplicates.length === 0 ? texts('nameOwn') : texts('nameTaken', { others: duplicates.join(', ') })
  }
  const answered = ago(beat.lastMs, nowMs, texts)
  return facts(title, judged(beat.trouble, `${texts('answered')} ${answered}`), [
    [texts('hbs'), beat.peer ?? beat.addresses.join(', ')],
    [texts('answered'), answered],
    [texts('clock'), clock()],
    [texts('name'), name()],
  ])
}

export function collectors({ collectors: troubles }: AgentStatus, texts: Texts): string {
  if (troubles.length === 0) return ''
  const rows = troubles.map(({ collector, kind, reason }) => [
    cell(collector),
    cell(texts(kind), 'bad keep'),
    cell(reason ?? ''),
  ])
  return `<h2>${texts('collectors')}</h2>${table([texts('collector'), '', texts('reason')], rows, texts)}`
}

export function checks({ checks: all, nowMs }: AgentStatus, texts: Texts): string {
  const rows = all.map(({ metrics, tags, last }) => [
    cell(metrics.join(' ')),
    cell(tags),
    cell(valuesOf(last?.values ?? {}), 'keep'),
    last
      ? `<td class="keep soft"><time data-ms="${last.atMs}">${ago(last.atMs, nowMs, texts)}</time></td>`
      : cell(texts('notYet'), 'soft keep'),
    cell(last ? `${number(Math.round(last.durationMs))} ms` : '', 'n'),
    checkReason(last),
  ])
  const heading = [
    texts('check'),
    texts('target'),
    texts('value'),
    texts('lastRun'),
    `#${texts('took')}`,
    texts('reason'),
  ]
  return `<h2>${texts('checks')}</h2>${table(heading, rows, texts)}`
}

function valuesOf(values: Readonly<Record<string, number>>): string {
  const entries = Object.entries(values)
  const [only] = entries
  if (entries.length === 1 && only) return number(only[1])
  return entries.map(([metric, value]) => `${metric.slice(metric.lastIndexOf('.') + 1)} ${number(value)}`).join(', ')
}

function checkReason(last: CheckState['last']): string {
  if (last?.reason !== undefined) return cell(last.reason, 'bad')
  return cell(last?.note ?? '', 'soft')
}

export function plugins({ plugins: states, pluginProblems, nowMs }: AgentStatus, texts: Texts): string {
  const rows = [...states].map(([key, { plugin, running, last }]) => [
    cell(key),
    cell(span(plugin.Cycle * 1000, texts), 'n'),
    running || !last
      ? cell(texts(running ? 'running' : 'notYet'), 'keep soft')
      : `<td class="keep soft"><time data-ms="${last.atMs}">${ago(last.atMs, nowMs, texts)}</time></td>`,
    cell(last ? `${number(Math.round(last.durationMs))} ms` : '', 'n'),
    cell(String(last?.exit ?? ''), 'n'),
    cell(last ? number(last.samples) : '', 'n'),
    pluginSaid(last),
    cell(last && last.left.length > 0 ? namesOf(last.left) : '', 'warning'),
  ])
  const numbers = [texts('took'), texts('exit'), texts('samples')].map((name) => `#${name}`)
  const heading = [
    texts('plugin'),
    `#${texts('every')}`,
    texts('lastRun'),
    ...numbers,
    texts('errorOrMessage'),
    texts('leftRunning'),
  ]
  const planned = `<h2>${texts('plugins')}</h2>${table(heading, rows, texts)}`
  if (pluginProblems.length === 0) return planned
  const problems = pluginProblems.map(({ entry, reason }) => [cell(entry), cell(reason, 'bad')])
  return `${planned}<h2>${texts('nothingToRun')}</h2>${table([texts('entry'), texts('because')], problems, texts)}`
}

function pluginSaid(last: LastRun | undefined): string {
  return last?.error === undefined ? cell(last?.message ?? '', 'soft') : cell(last.error, 'bad')
}
