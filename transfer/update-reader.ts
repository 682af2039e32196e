import type { DirectReader } from '#lib/rpc'
import { goJson, numberOf, refusalOf } from '#protocol'
import { itemsPerTurn, lastTimestamp, maxEndpointLength } from './intake.ts'
import type { Intake } from './intake.ts'
import { endIfText, endOfText, read, readInteger, readNumber, skipSpaces } from './scan-item.ts'
import type { CachedSeries, Route, SeriesCache } from './series-cache.ts'
import { none } from './templates.ts'
import type { Templates } from './templates.ts'

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

const method = 'Transfer.Update'
/** Longer calls take the general way, which lets others have their turn. */
const mostItems = itemsPerTurn

/** Members of an item, by number; those that are texts come first. */
const names = ['endpoint', 'metric', 'counterType', 'tags', 'value', 'step', 'timestamp']
const endpointMember = 0
const metricMember = 1
const typeMember = 2
const tagsMember = 3
const valueMember = 4
const stepMember = 5
const timestampMember = 6
const allMembers = 127

/**
 * Reads `Transfer.Update` calls as agents write them straight from their bytes: no text is made and no object, since each
 * item is first compared with the series that followed the last one before. Whatever is unusual in a call (escapes,
 * members in other cases or twice, items that break a rule) sends all of it the general way, before anything has happened
 * but that series were met.
 */
export function createUpdateReader(routes: SeriesCache, templates: Templates, intake: Intake): DirectReader {
  const found: Route[] = []
  let timestamps = new Float64Array(256)
  let values = new Float64Array(256)
  /** Where the texts of the item at hand begin and end, by member. */
  const texts = new Int32Array(8)
  const places = { start: 0, end: 0, valueStart: 0, valueEnd: 0, timestampStart: 0, timestampEnd: 0 }
  let view: DataView = new DataView(new ArrayBuffer(0))
  let count = 0

  /** Past the array of items that begins at `at`, -1 when it is not usual. */
  function readItems(bytes: Buffer, at: number): number {
    count = 0
    if (bytes[at] !== openBracket) return -1
    do {
      if (count === mostItems) return -1
      if (count === values.length) grow()
      at = readItem(bytes, skipSpaces(bytes, at + 1))
      if (at < 0) return -1
      count++
    } while (bytes[at] === comma)
    return bytes[at] === closeBracket ? at + 1 : -1
  }

  function grow(): void {
    const [fewerTimes, fewerValues] = [timestamps, values]
    timestamps = new Float64Array(2 * fewerTimes.length)
    values = new Float64Array(2 * fewerValues.length)
    timestamps.set(fewerTimes)
    values.set(fewerValues)
  }

  /** Reads one item into the columns; past it and the blanks behind it. */
  function readItem(bytes: Buffer, at: number): number {
    const expected = routes.expected()
    if (expected !== undefined && expected.template !== none) {
      const end = templates.fill(expected.template, view, bytes, at)
      const { value, timestamp } = templates.filled
      if (end >= 0 && timestamp <= lastTimestamp) {
        routes.follow(expected)
        found[count] = expected.route
        values[count] = value
        timestamps[count] = timestamp
        return skipSpaces(bytes, end)
      }
    }
    return readMembers(bytes, at, expected)
  }

  /** The same, member by member. */
  function readMembers(bytes: Buffer, at: number, expected: CachedSeries | undefined): number {
    if (bytes[at] !== openBrace) return -1
    places.start = at
    let isNumber = false
    let same = expected !== undefined
    let seen = 0
    let step = 0
    texts.fill(0)
    do {
      at = skipSpaces(bytes, at + 1)
      if (bytes[at] !== quote) return -1
      const member = memberAt(bytes, at + 1)
      if (member < 0 || (seen & (1 << member)) !== 0) return -1
      seen |= 1 << member
      at = skipSpaces(bytes, at + (names[member] as string).length + 2)
      if (bytes[at] !== colon) return -1
      at = skipSpaces(bytes, at + 1)
      if (member === timestampMember) {
        places.timestampStart = at
        at = readInteger(bytes, at)
        places.timestampEnd = at
        timestamps[count] = read.number
      } else if (member === stepMember) {
        at = readInteger(bytes, at)
        step = read.number
      } else if (member === valueMember) {
        isNumber = bytes[at] !== quote
        places.valueStart = at
        at = readValue(bytes, at)
        places.valueEnd = at
        values[count] = read.number
      } else {
        if (bytes[at] !== quote) return -1
        const start = at + 1
        let end = -1
        if (same) {
          end = endIfText(bytes, start, textOf(expected as CachedSeries, member))
          same = end >= 0
        }
        if (end < 0) end = endOfText(bytes, start)
        if (end < 0) return -1
        texts[2 * member] = start
        texts[2 * member + 1] = end
        at = end + 1
      }
      if (at < 0) return -1
      at = skipSpaces(bytes, at)
    } while (bytes[at] === comma)
    if (bytes[at] !== closeBrace || (seen | (1 << tagsMember)) !== allMembers) return -1
    if ((timestamps[count] as number) > lastTimestamp || step > lastTimestamp) return -1
    const isExpected =
      same && step === expected?.route.sentStep && ((seen & (1 << tagsMember)) !== 0 || expected.tags === '')
    if (isExpected) routes.follow(expected)
    const route = isExpected ? expected.route : routeOf(bytes, step)
    if (route === undefined) return -1
    found[count] = route
    places.end = at + 1
    const series = routes.latest()
    if (isNumber && series !== undefined) series.template = templates.keep(view, places, series.template)
    return skipSpaces(bytes, at + 1)
  }

  /** The route of the item whose texts were found last; undefined when it breaks a rule. */
  function routeOf(bytes: Buffer, step: number): Route | undefined {
    const text = (member: number) => bytes.toString('latin1', texts[2 * member], texts[2 * member + 1])
    const item = {
      endpoint: text(endpointMember),
      metric: text(metricMember),
      value: values[count] as number,
      step,
      counterType: text(typeMember),
      tags: text(tagsMember),
      timestamp: timestamps[count] as number,
    }
    if (refusalOf(item) !== undefined || item.endpoint.length > maxEndpointLength) return undefined
    return routes.routeOf(item)
  }

  return (request) => {
    let at = 0
    let id = ''
    let hasMethod = false
    let hasParams = false
    if (request[0] !== openBrace) return undefined
    view = new DataView(request.buffer, request.byteOffset, request.length)
    do {
      at = skipSpaces(request, at + 1)
      if (request[at] !== quote) return undefined
      const first = request[at + 1]
      const name = first === 0x69 ? 'id' : first === 0x70 ? 'params' : 'method'
      at = endIfText(request, at + 1, name)
      if (at < 0) return undefined
      at = skipSpaces(request, at + 1)
      if (request[at] !== colon) return undefined
      at = skipSpaces(request, at + 1)
      if (name === 'id') {
        if (id !== '') return undefined
        const end = readInteger(request, at)
        if (end < 0) return undefined
        id = request.toString('latin1', at, end)
        at = end
      } else if (name === 'method') {
        if (hasMethod || request[at] !== quote) return undefined
        hasMethod = true
        const end = endIfText(request, at + 1, method)
        if (end < 0) return undefined
        at = end + 1
      } else {
        if (hasParams || request[at] !== openBracket) return undefined
        hasParams = true
        at = readItems(request, skipSpaces(request, at + 1))
        if (at < 0) return undefined
        at = skipSpaces(request, at)
        if (request[at] !== closeBracket) return undefined
        at++
      }
      at = skipSpaces(request, at)
    } while (request[at] === comma)
    if (request[at] !== closeBrace || at + 1 !== request.length || id === '' || !hasMethod || !hasParams)
      return undefined
    return {
      id,
      method,
      async run() {
        return { result: goJson(await intake.takeRouted({ count, routes: found, timestamps, values }, 'Rpc')) }
      },
    }
  }
}

/** Which member's name begins at `at`. */
function memberAt(bytes: Buffer, at: number): number {
  let member: number
  switch (bytes[at] ?? 0) {
    case 0x65:
      member = endpointMember
      break
    case 0x6d:
      member = metricMember
      break
    case 0x63:
      member = typeMember
      break
    case 0x76:
      member = valueMember
      break
    case 0x73:
      member = stepMember
      break
    case 0x74:
      member = bytes[at + 1] === 0x61 ? tagsMember : timestampMember
      break
    default:
      return -1
  }
  return endIfText(bytes, at, names[member] as string) < 0 ? -1 : member
}

function textOf(series: CachedSeries, member: number): string {
  if (member === endpointMember) return series.endpoint
  if (member === metricMember) return series.metric
  return member === tagsMember ? series.tags : series.route.counterType
}

/** Past the value at `at`: a number, or a text of one as some scripts send it. */
function readValue(bytes: Buffer, at: number): number {
  if (bytes[at] !== quote) return readNumber(bytes, at)
  const end = endOfText(bytes, at + 1)
  if (end < 0) return -1
  const value = numberOf(bytes.toString('latin1', at + 1, end))
  if (value === undefined) return -1
  read.number = value
  return end + 1
}
