import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Counters } from '#lib/counters'
import { BadQuery } from '../reader/reader.ts'
import type { Reader } from '../reader/reader.ts'
import { createPacer } from '../store/pacer.ts'
import type { History } from '../store/types.ts'
import { historyPieces } from './answers.ts'
import { accept, listOf, queryOf, readNumber } from './query-string.ts'
import { readConsolidation } from './requests.ts'
import { within, withinDays } from './limits.ts'
import type { QueryFaces } from './query-faces.ts'

/** Characters that are written at once. */
const chunkLength = 64 * 1024
/** Counters that are looked up at once when a call names none. */
const namesAtOnce = 10_000

const formats = {
  csv: { type: 'text/csv; charset=utf-8', file: 'csv' },
  json: { type: 'application/json; charset=utf-8', file: 'json' },
  jsonl: { type: 'application/x-ndjson; charset=utf-8', file: 'jsonl' },
} as const
type Format = keyof typeof formats

interface ExportCall {
  readonly names: readonly { readonly endpoint: string; readonly counter: string }[]
  readonly start: number
  readonly end: number
  readonly consolidation: 'AVERAGE' | 'MAX' | 'MIN'
  readonly format: Format
  readonly timeOf: (seconds: number) => string
  /** Points of one series; coarser rows are taken before it is an error. */
  readonly mostPoints: number
}

/**
 * `GET /export?endpoint=h&counter=c&start=&end=&format=csv|json|jsonl&consol_fun=AVERAGE&time=unix|iso`; endpoint and
 * counter may be repeated, without counter all counters of the endpoints that fit `q`. Values are exact; CSV has a
 * line for each known point. Written series by series, so its size is bounded by no memory. An export is whole
 * or broken off: what a node does not answer ends the connection.
 */
export function exportRoutes(api: FastifyInstance, faces: QueryFaces): void {
  faces.counters.add('ExportBrokenOffCnt', 0)
  api.get('/export', async (request, reply) => {
    const call = await readExport(request, faces)
    faces.counters.add('GraphQueryCnt', call.names.length)
    const pieces = write(call, faces, reply)
    // What is wrong with the first series is still answered in words.
    const first = await pieces.next()
    const { type, file } = formats[call.format]
    void reply.type(type).header('content-disposition', `attachment; filename="${fileName(call)}.${file}"`)
    return reply.send(Readable.from(goOn(first, pieces, faces.counters)))
  })
}

async function readExport(request: FastifyRequest, faces: QueryFaces): Promise<ExportCall> {
  const { start = '', end = '', format = 'csv', time = 'unix', consol_fun: wanted = 'AVERAGE', q } = queryOf(request)
  const endpoints = listOf(request, 'endpoint')
  if (endpoints.length === 0) throw new BadQuery('endpoint is missing')
  if (!(format in formats)) throw new BadQuery(`format must be csv, json or jsonl, got "${format.slice(0, 40)}"`)
  if (time !== 'unix' && time !== 'iso') throw new BadQuery(`time must be unix or iso, got "${time.slice(0, 40)}"`)
  const consolidation = readConsolidation(wanted)
  if (!consolidation) throw new BadQuery(`consol_fun must be AVERAGE, MAX or MIN, got "${wanted.slice(0, 40)}"`)
  const range = { start: readNumber('start', start, 1), end: readNumber('end', end, 1) }
  const limits = faces.limits()
  accept(withinDays(range, limits.mostDays))
  const counters = listOf(request, 'counter')
  const names =
    counters.length > 0
      ? endpoints.flatMap((endpoint) => counters.map((counter) => ({ endpoint, counter })))
      : await findCounters(faces.reader, endpoints, q ?? '.+')
  accept(within(names.length, limits.mostSeries))
  return {
    names,
    ...range,
    consolidation,
    format: format as Format,
    timeOf: time === 'iso' ? (seconds) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z') : String,
    mostPoints: limits.mostPoints,
  }
}

/** Every counter of the endpoints that fits. A node that is away is an error: the export would lack its series. */
async function findCounters(reader: Reader, endpoints: readonly string[], metricQuery: string) {
  const refuse = (error: Error) => {
    throw error
  }
  const known = await reader.endpoints(endpoints, refuse)
  const nameOf = new Map(known.map(({ id, endpoint }) => [id, endpoint]))
  const names: { endpoint: string; counter: string }[] = []
  for (let page = 1; ; page++) {
    const found = await reader.searchCounters(
      { endpointIds: [...nameOf.keys()], metricQuery, page, limit: namesAtOnce },
      refuse,
    )
    for (const { endpointId, counter } of found) names.push({ endpoint: nameOf.get(endpointId) ?? '', counter })
    if (found.length < namesAtOnce) return names
  }
}

/** The rest behind its first piece. Counts the exports that end before they are whole. */
async function* goOn(first: IteratorResult<string>, rest: AsyncGenerator<string>, counters: Counters) {
  let whole = false
  try {
    if (!first.done) yield first.value
    yield* rest
    whole = true
  } finally {
    if (!whole) counters.add('ExportBrokenOffCnt')
  }
}

async function* write(call: ExportCall, faces: QueryFaces, reply: FastifyReply): AsyncGenerator<string> {
  const { names, start, end, consolidation, mostPoints, format } = call
  // Who reads nothing for as long as a call may take is given up.
  reply.raw.setTimeout(faces.limits().timeoutSeconds * 1000, () => reply.raw.destroy())
  const pace = createPacer()
  let chunk = format === 'csv' ? 'endpoint,counter,time,value\n' : format === 'json' ? '[' : ''
  let written = 0
  for (const { endpoint, counter } of names) {
    const request = { endpoint, counter, consolidation, start, end, mostPoints }
    const history = await faces.reader.history(request, (error) => {
      throw error
    })
    if (!history) continue
    for (const { values } of history.runs) faces.counters.add('GraphQueryItemCnt', values.length)
    if (format === 'json' && written++ > 0) chunk += ','
    const pieces =
      format === 'csv'
        ? csvPieces(endpoint, counter, history, call.timeOf)
        : historyPieces(endpoint, counter, history, exactNumber)
    for (const piece of pieces) {
      chunk += piece
      if (chunk.length < chunkLength) continue
      yield chunk
      chunk = ''
      await pace()
    }
    if (format === 'jsonl') chunk += '\n'
  }
  yield format === 'json' ? `${chunk}]\n` : chunk
}

const linesPerPiece = 2000

function* csvPieces(endpoint: string, counter: string, history: History, timeOf: (seconds: number) => string) {
  const head = `${csvField(endpoint)},${csvField(counter)},`
  let piece = ''
  let lines = 0
  for (const { first, interval, values } of history.runs)
    for (const [i, value] of values.entries()) {
      if (Number.isNaN(value)) continue
      piece += `${head}${timeOf(first + i * interval)},${value}\n`
      if (++lines % linesPerPiece !== 0) continue
      yield piece
      piece = ''
    }
  yield piece
}

/** RFC 4180: quotes around what has a comma, a quote or a line break, and quotes doubled. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The shortest text that gives the same double again; JSON has no other numbers. */
function exactNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null'
}

function fileName({ names, start, end }: ExportCall): string {
  const endpoint = (names[0]?.endpoint ?? 'export').replaceAll(/[^\w.-]/g, '_').slice(0, 100)
  return `${endpoint}_${start}_${end}`
}
