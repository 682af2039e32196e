import { foldName } from '#protocol'
import type { Reading } from '#protocol'
import type { Consolidation } from '../store/rows.ts'

/** `POST /graph/history` */
export interface HistoryCall {
  readonly hostnames: readonly string[]
  readonly counters: readonly string[]
  /** Undefined for a consolidation that no archive has; raw points are answered all the same. */
  readonly consolidation: Consolidation | undefined
  readonly start: number
  readonly end: number
  /** Whether the call named a step: then series that nobody knows get an empty element. */
  readonly named: boolean
}

/** Longest range of one call; more than anything is kept for. */
const longestRange = 100 * 366 * 86_400

/** Reads the body of a history call. Falcon: 0 counts as missing, whatever the member. */
export function readHistoryCall(body: unknown): Reading<HistoryCall> {
  const object = readObject(body)
  if (!object.ok) return object
  const { members } = object.value
  const hostnames = readNames(members.get('hostnames'))
  const counters = readNames(members.get('counters'))
  const consolidation = members.get('consol_fun') ?? ''
  const start = members.get('start_time') ?? 0
  const end = members.get('end_time') ?? 0
  const step = members.get('step') ?? 0
  const missing = [
    hostnames === null && 'hostnames',
    counters === null && 'counters',
    consolidation === '' && 'consol_fun',
    start === 0 && 'start_time',
    end === 0 && 'end_time',
  ].filter((name) => name !== false)
  if (missing.length > 0) return refuse(`${missing.join(', ')} missing`)
  if (!hostnames || !counters) return refuse('hostnames and counters must be arrays of strings')
  if (typeof consolidation !== 'string') return refuse('consol_fun must be a string')
  for (const [name, value] of Object.entries({ start_time: start, end_time: end, step }))
    if (!Number.isInteger(value)) return refuse(`${name} must be a whole number, got ${JSON.stringify(value)}`)
  const from = Number(start)
  const to = Number(end)
  if (to - from > longestRange) return refuse(`the range from ${from} to ${to} is longer than a hundred years`)
  return {
    ok: true,
    value: {
      hostnames,
      counters,
      consolidation: readConsolidation(consolidation),
      start: from,
      end: to,
      named: Number(step) > 0,
    },
  }
}

export function readConsolidation(text: string): Consolidation | undefined {
  return text === 'AVERAGE' || text === 'MAX' || text === 'MIN' ? text : undefined
}

/** `POST /graph/lastpoint`: `[{"endpoint","counter"}]` */
export function readLastCall(body: unknown): Reading<{ endpoint: string; counter: string }[]> {
  const json = readJson(body)
  if (!json.ok) return json
  if (json.value === null) return { ok: true, value: [] }
  if (!Array.isArray(json.value)) return refuse('the body must be an array of {"endpoint","counter"}')
  const asked: { endpoint: string; counter: string }[] = []
  for (const element of json.value as unknown[]) {
    const members = element === null ? new Map<string, unknown>() : membersOf(element)
    const endpoint = members?.get('endpoint') ?? ''
    const counter = members?.get('counter') ?? ''
    if (!members || typeof endpoint !== 'string' || typeof counter !== 'string')
      return refuse(`not an {"endpoint","counter"}: ${JSON.stringify(element).slice(0, 100)}`)
    asked.push({ endpoint, counter })
  }
  return { ok: true, value: asked }
}

/** `DELETE /graph/endpoint`: `["h1"]` */
export function readNameList(body: unknown): Reading<readonly string[]> {
  const json = readJson(body)
  if (!json.ok) return json
  const names = readNames(json.value)
  return names ? { ok: true, value: names } : refuse('the body must be an array of endpoints')
}

/** `DELETE /graph/counter`: `{"endpoints":[],"counters":[]}` */
export function readCounterList(
  body: unknown,
): Reading<{ readonly endpoints: readonly string[]; readonly counters: readonly string[] }> {
  const object = readObject(body)
  if (!object.ok) return object
  const endpoints = readNames(object.value.members.get('endpoints'))
  const counters = readNames(object.value.members.get('counters'))
  if (!endpoints || !counters) return refuse('endpoints and counters must be arrays of strings')
  return { ok: true, value: { endpoints, counters } }
}

/** Strings; null when there is nothing, undefined when it is something else. */
function readNames(value: unknown): string[] | null | undefined {
  if (value === undefined || value === null) return null
  if (!Array.isArray(value)) return undefined
  const names = value as unknown[]
  return names.every((name) => typeof name === 'string') ? names : undefined
}

function readObject(body: unknown): Reading<{ members: Map<string, unknown> }> {
  const json = readJson(body)
  if (!json.ok) return json
  const members = membersOf(json.value)
  return members ? { ok: true, value: { members } } : refuse('the body must be a JSON object')
}

/** Members by their folded names. Falcon: case does not matter, and of two with one name the last counts. */
function membersOf(value: unknown): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map(Object.entries(value).map(([name, member]) => [foldName(name).toLowerCase(), member]))
}

function readJson(body: unknown): Reading<unknown> {
  const text = Buffer.isBuffer(body) ? body.toString() : ''
  if (text.trim() === '') return refuse('EOF: the body is empty')
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return refuse(`the body is not valid JSON: ${(error as Error).message}`)
  }
}

function refuse<T>(reason: string): Reading<T> {
  return { ok: false, reason }
}
