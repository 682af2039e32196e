import { randomBytes } from 'node:crypto'
import { findMetric } from '../../catalogue/catalogue.ts'
import { findingsOf } from '../../findings.ts'
import type { Finding } from '../../findings.ts'
import type { LastValue } from '../../last-values.ts'
import type { AgentHour, AgentStatus } from '../../status.ts'
import { escapeHtml } from '../answer.ts'
import type { Answer } from '../answer.ts'
import { chartFigure } from './chart.ts'
import { ago, clockTime, number, span } from './format.ts'
import { script } from './script.ts'
import { checks, collectors, heartbeat, plugins, sending, table } from './sections.ts'
import { style } from './style.ts'
import { textsIn } from './texts.ts'
import type { Language, Texts } from './texts.ts'

/** More series than this are shown only when they are searched for. */
const mostValues = 500

/** `/`: what matters on this host, for a person. One page that needs nothing else, and runs nothing but its own script. */
export function statusPage(status: AgentStatus, hour: AgentHour, language: Language, search: string): Answer {
  const texts = textsIn(language)
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    headers: {
      'Content-Security-Policy': policy.join('; '),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    },
    body: `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(status.hostname)} – agent</title><noscript><meta http-equiv="refresh" content="30"></noscript>
<style nonce="${nonce}">${style}</style></head><body><div class="wrap">${main(status, hour, texts, search)}</div>
<script nonce="${nonce}">${script}</script></body></html>
`,
  }
}

function main(status: AgentStatus, hour: AgentHour, texts: Texts, search: string): string {
  const { hostname, version, startedMs, nowMs } = status
  const up = span(nowMs - startedMs, texts)
  const other = texts.language === 'zh' ? ['en', 'English'] : ['zh', '中文']
  return `<main><header><h1>${escapeHtml(hostname)}</h1>
<span class="soft">${escapeHtml(texts('agent', { version, up }))} · ${texts('asOf')} <time data-ms="${nowMs}" data-full="1">${clockTime(nowMs)}</time></span>
<a class="lang" href="?lang=${other[0]}" lang="${other[0]}">${other[1]}</a></header>
${verdict(findingsOf(status), texts)}
<h2>${texts('lastHour')}</h2>
${charts(hour, status, texts)}
<div class="pair">${sending(status, texts)}${heartbeat(status, texts)}</div>
${collectors(status, texts)}${checks(status, texts)}${plugins(status, texts)}
${values(status, texts, search)}
${counters(status, texts)}</main>`
}

function verdict(findings: readonly Finding[], texts: Texts): string {
  if (findings.length === 0)
    return `<div class="card verdict good"><strong>${texts('allWell')}</strong> <span class="soft">${texts('allWellMore')}</span></div>`
  const worst = findings.some(({ level }) => level === 'bad') ? 'bad' : 'warning'
  const title = findings.length === 1 ? texts('oneWrong') : texts('someWrong', { count: findings.length })
  const items = findings.map(({ level, kind, facts }) => {
    const what = escapeHtml(texts(`find_${kind}`, facts))
    return `<li class="${level}">${what}<span>${escapeHtml(texts(`todo_${kind}`, facts))}</span></li>`
  })
  return `<div class="card verdict ${worst}"><strong>${escapeHtml(title)}</strong><ul>${items.join('')}</ul></div>`
}

function charts({ charts: drawn, slotMs }: AgentHour, { nowMs, stepMs }: AgentStatus, texts: Texts): string {
  if (drawn.length === 0) return `<p class="soft">${texts('noHistory', { seconds: Math.ceil(stepMs / 1000) })}</p>`
  const endMs = (Math.floor(nowMs / slotMs) + 1) * slotMs
  return `<div class="grid">${drawn.map((chart) => chartFigure(chart, slotMs, endMs, texts)).join('\n')}</div>`
}

function values({ values: all, nowMs }: AgentStatus, texts: Texts, search: string): string {
  const words = search.toLowerCase().split(/\s+/)
  const found = all.filter(({ sample }) => {
    const text = `${sample.metric} ${sample.tags}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const rows = found.slice(0, mostValues).map((value) => valueRow(value, nowMs, texts))
  const count = texts('showing', { shown: rows.length, all: all.length })
  const heading = [texts('metric'), texts('tags'), `#${texts('value')}`, texts('unit'), texts('measured')]
  return `<h2>${texts('values')}</h2>
<form method="get"><input type="hidden" name="lang" value="${texts.language}"><input name="q" type="search" value="${escapeHtml(search)}" placeholder="${escapeHtml(texts('searchHint'))}" aria-label="${texts('search')}"><button>${texts('search')}</button></form>
<p class="soft">${count}</p><div id="values">${table(heading, rows, texts)}</div>`
}

function valueRow({ sample, perSecond, atMs }: LastValue, nowMs: number, texts: Texts): string[] {
  const known = findMetric(sample.metric)?.entry
  const unit = known === undefined || known.unit === '-' ? '' : known.unit
  const isTotal = sample.counterType === 'COUNTER' && perSecond === undefined
  // A COUNTER is in the catalogue with the unit of its rate.
  const shownUnit = isTotal ? texts('inTotal') : perSecond === undefined ? unit : unit || texts('perSecond')
  return [
    `<td title="${escapeHtml(known?.meaning ?? '')}">${escapeHtml(sample.metric)}</td>`,
    `<td class="tags">${escapeHtml(sample.tags.replaceAll(',', ', '))}</td>`,
    `<td class="n">${number(perSecond ?? sample.value)}</td>`,
    `<td class="keep">${escapeHtml(shownUnit)}</td>`,
    `<td class="keep soft"><time data-ms="${atMs}">${ago(atMs, nowMs, texts)}</time></td>`,
  ]
}

function counters({ counts }: AgentStatus, texts: Texts): string {
  const rows = Object.entries(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [`<td>${escapeHtml(name)}</td>`, `<td class="n">${number(value)}</td>`])
  return `<details><summary>${texts('counters')}</summary>${table([texts('counter'), `#${texts('value')}`], rows, texts)}</details>`
}
