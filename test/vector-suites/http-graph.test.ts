import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { queryRoutes } from '../../graph-query/http/query-routes.ts'
import { createLocalReader } from '../../graph-query/reader/local-reader.ts'
import { openStore } from '../../graph-query/store/store.ts'
import type { Store } from '../../graph-query/store/types.ts'
import { loadVectors } from './load.ts'

interface Exchange {
  readonly name: string
  readonly service: string
  readonly request: { readonly method: string; readonly path: string; readonly raw: string }
  readonly response: { readonly status: number; readonly body: string }
}

interface HistoryElement {
  readonly endpoint: string
  readonly counter: string
  readonly dstype: 'GAUGE' | 'DERIVE'
  readonly step: number
  readonly Values: readonly { readonly timestamp: number; readonly value: number | null }[]
}

const cases = loadVectors<{ cases: Exchange[] }>('http/api.json').cases.filter(({ request }) =>
  request.path.startsWith('/api/v1/graph/'),
)
const dir = mkdtempSync(join(tmpdir(), 'http-graph-'))
const recordedAt = Math.max(0, ...cases.flatMap(({ response }) => timesIn(response.body)))
const store = await openStore({ dir, now: () => recordedAt, onEvent: (event) => expect.unreachable(event.what) })
afterAll(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})
await feedWhatWasAnswered(store)

test('there are recorded exchanges', () => {
  expect(cases.length).toBeGreaterThan(0)
})

for (const exchange of cases)
  test(exchange.name, async () => {
    const answer = await replay(exchange)
    const { status, body } = exchange.response
    expect(answer.statusCode, answer.body).toBe(status)
    const [path] = exchange.request.path.split('?')
    if (status === 401) expect(answer.body).toBe(body)
    else if (status >= 400) expect(answer.json()).toEqual({ error: expect.any(String) as string })
    else if (path === '/api/v1/graph/history') checkHistory(answer.body, body)
    else if (path === '/api/v1/graph/lastpoint') checkLast(answer.body, body)
    else if (path === '/api/v1/graph/endpoint' || path === '/api/v1/graph/endpoint_counter')
      expect(withoutIds(answer.body)).toEqual(withoutIds(body))
    else expect(Object.keys(answer.json<object>())).toEqual(Object.keys(JSON.parse(body) as object))
  })

/** Sends the recorded bytes' request, from an address that is not this machine's. */
async function replay({ request }: Exchange) {
  const [head = '', body = ''] = splitOnce(request.raw, '\r\n\r\n')
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => splitOnce(line, ': '))
      .filter(([name]) => !['content-length', 'connection'].includes(String(name).toLowerCase())),
  ) as Record<string, string>
  const apiToken = headers['Apitoken']
  const { sig } = apiToken ? (JSON.parse(apiToken) as { sig: string }) : { sig: 'a token' }
  const app = serve(sig)
  const answer = await app.inject({
    method: request.method as 'GET',
    url: await withOurIds(request.path),
    headers,
    ...(body !== '' && { payload: body }),
    remoteAddress: '192.0.2.7',
  })
  await app.close()
  return answer
}

function serve(token: string): FastifyInstance {
  const app = fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const faces = {
    reader: createLocalReader(store),
    counters: createCounters(),
    log: createLogger('test', { destination: { write: () => undefined } }),
    trust: () => ({ addresses: [], token }),
    limits: () => ({ mostSeries: 1000, mostPoints: 1e6, mostDays: 36_600, timeoutSeconds: 60 }),
    nodeOf: () => '',
    archives: [],
  }
  queryRoutes(faces)(app, { onRequest: async () => undefined })
  return app
}

/** Gauges get the very points that were answered; counters are there, so that they are found. */
async function feedWhatWasAnswered(target: Store): Promise<void> {
  for (const { request, response } of cases) {
    if (response.status !== 200) continue
    const answered = JSON.parse(response.body) as unknown
    if (request.path.endsWith('/history'))
      for (const { endpoint, counter, dstype, step, Values } of answered as HistoryElement[]) {
        const slot = target.define({ endpoint, counter, kind: dstype, step })
        for (const { timestamp, value } of Values) if (value !== null) target.append(slot, timestamp, value)
      }
  }
  const [first] = cases.flatMap(({ response }) => endpointsIn(response.body))
  for (const { request, response } of cases)
    if (request.path.startsWith('/api/v1/graph/endpoint_counter') && response.status === 200)
      for (const row of JSON.parse(response.body) as { counter: string; step: number; type: 'GAUGE' | 'DERIVE' }[])
        target.define({ endpoint: first ?? 'h', counter: row.counter, kind: row.type, step: row.step })
  for (const { request, response } of cases)
    if (request.path.startsWith('/api/v1/graph/endpoint?') && response.status === 200)
      for (const endpoint of endpointsIn(response.body))
        if (target.endpoints([endpoint]).length === 0)
          target.define({ endpoint, counter: 'any', kind: 'GAUGE', step: 60 })
  await target.commit()
}

function checkHistory(ours: string, recorded: string): void {
  const elements = JSON.parse(recorded) as HistoryElement[]
  if (elements.every(({ dstype }) => dstype === 'GAUGE')) {
    expect(ours.trimEnd()).toBe(recorded.trimEnd())
    return
  }
  // What a counter was sent is not in the recording: everything but its values must agree.
  expect(shapeOf(ours)).toEqual(shapeOf(recorded))
}

function shapeOf(body: string) {
  return (JSON.parse(body) as HistoryElement[]).map(({ Values, ...element }) => ({
    ...element,
    times: Values.map(({ timestamp }) => timestamp),
  }))
}

function checkLast(ours: string, recorded: string): void {
  const elements = (body: string) => body.trimEnd().slice(2, -2).split('},{')
  const theirs = elements(recorded)
  expect(elements(ours)).toHaveLength(theirs.length)
  for (const [i, element] of elements(ours).entries()) {
    const expected = theirs[i] ?? ''
    const { counter } = JSON.parse(`{${expected}}`) as { counter: string }
    const isCounter = store.last(endpointsIn(`{${expected}}`)[0] ?? '', counter)?.kind === 'DERIVE'
    const blank = (text: string) => text.replaceAll(/("timestamp":)\d+|("value":)-?\d+\.\d{6}/g, '$1$2?')
    // Not even the time of a counter's last point shows in its recorded history; its form does.
    if (isCounter) expect(blank(element)).toBe(blank(expected))
    else expect(element).toBe(expected)
  }
}

function withoutIds(body: string): unknown[] {
  const rows = JSON.parse(body) as Record<string, unknown>[]
  return rows
    .map((row) => ({ ...row, id: typeof row['id'], endpoint_id: typeof row['endpoint_id'] }))
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** Endpoints have other numbers here: the recorded one stands for the endpoint that has the counters. */
async function withOurIds(path: string): Promise<string> {
  if (!path.includes('eid=')) return path
  const [first = 'h'] = cases.flatMap(({ response }) => endpointsIn(response.body))
  const [known] = store.endpoints([first])
  return path.replace(/eid=\d+/, `eid=${known?.id}`)
}

function endpointsIn(body: string): string[] {
  return [...body.matchAll(/"endpoint":"([^"]+)"/g)].flatMap((match) => match[1] ?? [])
}

function timesIn(body: string): number[] {
  return [...body.matchAll(/"timestamp":(\d+)/g)].map((match) => Number(match[1]))
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}
