import { writeHeaders } from '#lib/remote-write'
import { z } from 'zod'
import { BadQuery, NodeUnreachable } from '../reader/reader.ts'
import { parseExport } from './parse-export.ts'
import type { ExportedSeries } from './parse-export.ts'
import type { LabelSet } from './series-labels.ts'

export interface ClientOptions {
  /** Where remote write goes, with its path. */
  readonly write: string
  /** The part of the reading addresses before `/api/v1`. */
  readonly read: string
  /** The same of the deleting address. */
  readonly delete: string
  readonly username: string
  readonly password: string
  readonly timeoutMs: number
}

/** The server does not take the content of a write, however often it is sent. */
export class WriteRefused extends Error {
  override name = 'WriteRefused'
}

/** Unix seconds, both included. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface VictoriametricsClient {
  /** Resolves when the server has taken the body. Rejects with `WriteRefused`, or when it must be sent again. */
  write(body: Buffer): Promise<void>
  /** Raw samples of all series that one of the selectors fits; maybe those of the second behind the span, too. */
  export(selectors: readonly string[], span: Span): Promise<ExportedSeries[]>
  /** Names of series, at most `limit` of them. */
  series(selectors: readonly string[], span: Span, limit?: number): Promise<readonly LabelSet[]>
  labelValues(label: string, selector: string, span: Span): Promise<readonly string[]>
  /** An instant query for numbers. */
  query(expression: string, at: number): Promise<readonly { readonly labels: LabelSet; readonly value: number }[]>
  deleteSeries(selectors: readonly string[]): Promise<void>
}

const labelSet = z.record(z.string(), z.string())
const answers = {
  series: z.object({ data: z.array(labelSet) }),
  values: z.object({ data: z.array(z.string()) }),
  vector: z.object({
    data: z.object({ result: z.array(z.object({ metric: labelSet, value: z.tuple([z.number(), z.string()]) })) }),
  }),
}

/** Answers that say the content is wrong; all others may change when address, password or load do. */
const refusing = new Set([400, 413, 422])

/** Speaks to a VictoriaMetrics server or cluster. Questions reject with `BadQuery` or `NodeUnreachable`. */
export function createVictoriametricsClient(options: ClientOptions): VictoriametricsClient {
  const { username, password, timeoutMs } = options
  const authorization: Record<string, string> =
    username === '' ? {} : { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }

  async function post(url: URL, headers: Record<string, string>, body: Buffer | string) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...authorization, ...headers },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: response.status, text: await response.text() }
  }

  async function ask(base: string, path: string, parameters: readonly [string, string][]): Promise<string> {
    let answer
    try {
      answer = await post(
        under(base, path),
        { 'Content-Type': 'application/x-www-form-urlencoded', 'Accept-Encoding': 'identity' },
        new URLSearchParams(parameters).toString(),
      )
    } catch (error) {
      throw new NodeUnreachable('victoriametrics', reasonOf(error))
    }
    const { status, text } = answer
    if (status >= 200 && status < 300) return text
    const told = `${status} ${text.slice(0, 500).trim()}`
    if (refusing.has(status)) throw new BadQuery(`Cannot answer from VictoriaMetrics: ${told}`)
    throw new NodeUnreachable('victoriametrics', new Error(told))
  }

  const parametersOf = (selectors: readonly string[], { start, end }: Span): [string, string][] => [
    ...matching(selectors),
    ['start', String(start)],
    ['end', String(end)],
  ]

  return {
    async write(body) {
      let answer
      try {
        answer = await post(new URL(options.write), writeHeaders, body)
      } catch (error) {
        throw reasonOf(error)
      }
      const { status, text } = answer
      if (status >= 200 && status < 300) return
      const told = `${options.write} answers ${status} ${text.slice(0, 300).trim()}`
      throw refusing.has(status) ? new WriteRefused(told) : new Error(told)
    },
    async export(selectors, { start, end }) {
      // A range that ends at midnight to the second would not look into the index of the day that begins there.
      const text = await ask(options.read, '/api/v1/export', parametersOf(selectors, { start, end: end + 1 }))
      return parseExport(text)
    },
    async series(selectors, span, limit) {
      const parameters = parametersOf(selectors, span)
      if (limit !== undefined) parameters.push(['limit', String(limit)])
      const text = await ask(options.read, '/api/v1/series', parameters)
      return answers.series.parse(JSON.parse(text)).data
    },
    async labelValues(label, selector, span) {
      const text = await ask(options.read, `/api/v1/label/${label}/values`, parametersOf([selector], span))
      return answers.values.parse(JSON.parse(text)).data
    },
    async query(expression, at) {
      const text = await ask(options.read, '/api/v1/query', [
        ['query', expression],
        ['time', String(at)],
        // Otherwise the newest half minute is left out.
        ['nocache', '1'],
      ])
      const { result } = answers.vector.parse(JSON.parse(text)).data
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    },
    async deleteSeries(selectors) {
      await ask(options.delete, '/api/v1/admin/tsdb/delete_series', matching(selectors))
    },
  }
}

function matching(selectors: readonly string[]): [string, string][] {
  return selectors.map((selector) => ['match[]', selector])
}

/** Keeps what the address has after its path, for example `?authKey=…`. */
function under(base: string, path: string): URL {
  const url = new URL(base)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url
}

/** `fetch` hides why it failed. */
function reasonOf(error: unknown): Error {
  const { cause } = error as { cause?: unknown }
  if (cause instanceof Error) return cause
  return error instanceof Error ? error : new Error(String(error))
}
