import { endpointId } from '../../graph-query/store/series-index.ts'
import { seriesPerHost, seriesOf, stepSeconds, storedSeriesOf } from '../agent-data.ts'

export interface Span {
  /** Unix seconds, both included. */
  readonly start: number
  readonly end: number
}

/** Tells how many points or names an answer has, so that answers can be compared. Not part of what is measured. */
export type Count = () => number

/** What is asked of each candidate. Resolves when the whole answer has come. */
export interface Questions {
  /** Points of one series. */
  one(span: Span): Promise<Count>
  /** Points of the hundred series of a host. */
  host(span: Span): Promise<Count>
  /** Endpoints with a text in their name. */
  endpoints(part: string, span: Span): Promise<Count>
  /** Counters of ten hosts that an expression fits. */
  counters(expression: string, span: Span): Promise<Count>
  /** How many series of ten hosts have a point at this time. */
  arrived(seconds: number): Promise<Count>
}

const askedHost = 3
const askedHosts = Array.from({ length: 10 }, (_, host) => `host${host}.example`)
export const askedSeries = askedHosts.length * seriesPerHost
const most = 1000

/** Through graph-query's own port, whatever keeps the series. */
export function askGraphQuery(port: () => number): Questions {
  const api = (path: string) => `http://127.0.0.1:${port()}/api/v1/graph/${path}`
  const history = async (counters: readonly string[], { start, end }: Span) => {
    const body = {
      hostnames: [`host${askedHost}.example`],
      counters,
      consol_fun: 'AVERAGE',
      start_time: start,
      end_time: end,
    }
    return timesFound(await post(api('history'), body), /"timestamp"/g)
  }
  return {
    one: (span) => history([storedSeriesOf(askedHost * seriesPerHost + 17).counter], span),
    host(span) {
      const counters = Array.from({ length: seriesPerHost }, (_, i) => storedSeriesOf(askedHost * seriesPerHost + i))
      return history(
        counters.map(({ counter }) => counter),
        span,
      )
    },
    endpoints: async (part) => timesFound(await get(`${api('endpoint')}?q=${part}&limit=${most}`), /"id"/g),
    async counters(expression) {
      const eid = askedHosts.map(endpointId).join(',')
      const query = new URLSearchParams({ eid, metricQuery: expression, limit: String(most) })
      return timesFound(await get(`${api('endpoint_counter')}?${query.toString()}`), /"endpoint_id"/g)
    },
    async arrived(seconds) {
      const asked = Array.from({ length: askedSeries }, (_, i) => {
        const { endpoint, counter } = storedSeriesOf(i)
        return { endpoint, counter }
      })
      return timesFound(await post(api('lastpoint'), asked), new RegExp(`"timestamp":${seconds}\\b`, 'g'))
    },
  }
}

/** The server's own way: its API for raw samples and for names. */
export function askVictoriaMetrics(url: string): Questions {
  const { metric, tags } = seriesOf(askedHost * seriesPerHost + 17)
  const ask = (path: string, match: string, { start, end }: Span) => {
    const query = new URLSearchParams({ 'match[]': match, start: String(start), end: String(end) })
    return get(`${url}/api/v1/${path}?${query.toString()}`)
  }
  const points = async (match: string, span: Span) => {
    const text = await ask('export', match, span)
    const lines = () => text.split('\n').filter((line) => line !== '')
    return () => lines().reduce((sum, line) => sum + (JSON.parse(line) as { values: unknown[] }).values.length, 0)
  }
  const endpoint = `endpoint="host${askedHost}.example"`
  const hosts = `endpoint=~"${askedHosts.map((name) => name.replaceAll('.', String.raw`\\.`)).join('|')}"`
  return {
    one: (span) => points(`{${endpoint},counter="${metric}/${tags}"}`, span),
    host: (span) => points(`{${endpoint}}`, span),
    async endpoints(part, span) {
      const text = await ask('label/endpoint/values', `{endpoint=~".*${part}.*"}`, span)
      return () => (JSON.parse(text) as { data: unknown[] }).data.length
    },
    async counters(expression, span) {
      const text = await ask('series', `{${hosts},counter=~".*${expression}.*"}`, span)
      return () => (JSON.parse(text) as { data: unknown[] }).data.length
    },
    arrived: (seconds) => points(`{${hosts}}`, { start: seconds, end: seconds + stepSeconds - 1 }),
  }
}

async function get(url: string): Promise<string> {
  return read(await fetch(url))
}

async function post(url: string, body: object): Promise<string> {
  return read(await fetch(url, { method: 'POST', body: JSON.stringify(body), headers: jsonHeaders }))
}

const jsonHeaders = { 'content-type': 'application/json' }

async function read(answer: Response): Promise<string> {
  const text = await answer.text()
  if (!answer.ok) throw new Error(`Cannot measure: ${answer.url} answers ${answer.status} ${text.slice(0, 200)}`)
  return text
}

function timesFound(text: string, pattern: RegExp): Count {
  return () => text.match(pattern)?.length ?? 0
}
