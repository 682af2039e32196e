import { expect, test } from 'vitest'
import { counter, gauge } from '../../collectors/collector.ts'
import type { CollectedSample } from '../../collectors/collector.ts'
import { createHistory } from '../../history/history.ts'
import { createLastValues } from '../../last-values.ts'
import { agentStatus } from '../../status.fixture.ts'
import type { AgentStatus } from '../../status.ts'
import { statusPage } from './status-page.ts'
import { languageOf } from './texts.ts'

const minute = 60_000
const nowMs = Date.UTC(2026, 10, 25, 12)

function pageOf(
  samples: (atMs: number) => CollectedSample[],
  { members = {}, search = '' }: { members?: Partial<AgentStatus>; search?: string } = {},
  language: 'en' | 'zh' = 'en',
) {
  const history = createHistory(minute)
  const values = createLastValues(1e9, (value) => history.record(value))
  for (let atMs = nowMs - 10 * minute; atMs <= nowMs; atMs += minute) values.record(samples(atMs), atMs)
  const status = agentStatus({ nowMs, values: values.list(), ...members })
  const answer = statusPage(status, { slotMs: history.slotMs, charts: history.charts(nowMs) }, language, search)
  return { answer, body: String(answer.body) }
}

test('nothing comes from elsewhere, and only what carries the nonce of this answer may run', () => {
  const { answer, body } = pageOf(() => [gauge('load.1min', 1)])
  const policy = answer.headers?.['Content-Security-Policy'] ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1]
  expect(body.match(/<(?:script|style)\b[^>]*>/g)).toEqual([`<style nonce="${nonce}">`, `<script nonce="${nonce}">`])
  expect(body).not.toMatch(/\s(?:style|on\w+)=/)
  expect(body).not.toMatch(/(?:src|href)="(?!\?)/)
  expect(pageOf(() => []).answer.headers).not.toEqual(answer.headers)
})

test('what scripts and mounts are called cannot become markup', () => {
  const evil = '</title><script>alert(1)</script>'
  const last = { atMs: nowMs, durationMs: 1, exit: 1, samples: 0, error: evil, message: '', left: [] }
  const plugin = { FilePath: evil, MTime: 1, Cycle: 60, Args: '' }
  const { body } = pageOf(() => [gauge('df.bytes.used.percent', 99, `mount=${evil}`)], {
    members: { hostname: evil, plugins: new Map([[evil, { plugin, running: false, last }]]) },
    search: `"${evil}`,
  })
  expect(body).not.toContain('<script>')
  expect(body).not.toContain('"</title>')
})

test('a chart names its lines with now, lowest, mean and highest, and each slot says what it was', () => {
  let total = 0
  const { body } = pageOf((atMs) => [
    counter('net.if.in.bytes', (total += 60 * ((atMs / minute) % 2 ? 1024 : 3072)), 'iface=eth0'),
  ])
  expect(body).toContain('<figcaption>Network, bytes/s: in above, out below</figcaption>')
  expect(body).toMatch(
    /eth0 in<\/td><td class="n">3 K<\/td><td class="n">1 K<\/td><td class="n">2 K<\/td><td class="n">3 K<\/td>/,
  )
  expect(body).toMatch(/<title data-ms="\d+">\d\d:\d\d \([+-]\d\d:\d\d\)\neth0 in: 1 KiB\/s<\/title>/)
})

test('a gap in the hour is a gap in the line', () => {
  const { body } = pageOf((atMs) => (atMs === nowMs - 5 * minute ? [] : [gauge('load.1min', 2)]))
  const path = /<path class="line c0" d="([^"]*)"/.exec(body)?.[1] ?? ''
  expect(path.match(/M/g)).toHaveLength(2)
})

test('the search finds all words in metric and tags, without a script', () => {
  const samples = () => [gauge('df.a', 1, 'mount=/x'), gauge('df.b', 1, 'mount=/y'), gauge('load.1min', 1)]
  const { body } = pageOf(samples, { search: 'DF /y' })
  expect(body).toContain('1 of 3 series')
  expect(body).toContain('>df.b</td>')
  expect(body).not.toContain('>df.a</td>')
})

test('the verdict says what is wrong and what to do, in the language that was asked for', () => {
  const send = { ...agentStatus().send, trouble: 'connect ECONNREFUSED' } as NonNullable<AgentStatus['send']>
  expect(pageOf(() => []).body).toContain('All is well')
  const { body } = pageOf(() => [], { members: { send } })
  expect(body).toContain('transfer does not take samples: connect ECONNREFUSED')
  expect(body).toContain('See whether transfer runs at 10.0.0.7:8433')
  const chinese = pageOf(() => [], { members: { send } }, 'zh').body
  expect(chinese).toContain('<html lang="zh-CN">')
  expect(chinese).toContain('transfer 没有接收数据：connect ECONNREFUSED')
})

test.each([
  ['zh', 'en', 'zh'],
  ['fr', 'de,zh-CN;q=0.8,en;q=0.9', 'en'],
  [null, 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  [null, 'en-GB', 'en'],
  [null, 'de, *;q=0.1', 'en'],
  [null, 'zh;q=0', 'en'],
  [null, undefined, 'en'],
])('lang=%s with Accept-Language %s is %s', (asked, accepted, language) => {
  expect(languageOf(asked, accepted)).toBe(language)
})
