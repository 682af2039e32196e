import { describe, expect, test } from 'vitest'
import { checksum, counterOf, formatTags, graphFloat, parseTags, primaryKey, readableFloat, sortTags } from '#protocol'
import { loadVectors } from './load.ts'

interface RecordedKeys {
  readonly keys: {
    endpoint: string
    metric: string
    tags: Record<string, string> | null
    sortedTags: string
    counter: string
    pk: string
    checksum: string
    uuid: string
    dstype: string
    step: number
    uuidChecksum: string
  }[]
  readonly tagStrings: { raw: string; dict: Record<string, string>; sorted: string }[]
  readonly readableFloat: [number | string, string][]
  readonly graphJsonFloat: [number | string, string][]
}

const recorded = loadVectors<RecordedKeys>('semantic/keys.json')

/** Recordings write what JSON has no number for as text. */
const numberOf = (value: number | string) => Number(String(value).replace('Inf', 'Infinity'))

describe('keys as Open-Falcon makes them', () => {
  test('the recording has cases of every kind', () => {
    for (const cases of [recorded.keys, recorded.tagStrings, recorded.readableFloat, recorded.graphJsonFloat])
      expect(cases.length).toBeGreaterThan(0)
  })

  test('primary keys, counters, sorted tags and checksums', () => {
    const made = recorded.keys.map(({ endpoint, metric, tags, dstype, step }) => {
      const sortedTags = formatTags(new Map(Object.entries(tags ?? {})))
      const pk = primaryKey(endpoint, metric, sortedTags)
      const uuid = `${pk}/${dstype}/${step}`
      const counter = counterOf(metric, sortedTags)
      return { sortedTags, counter, pk, checksum: checksum(pk), uuid, uuidChecksum: checksum(uuid) }
    })
    expect(made).toEqual(
      recorded.keys.map(({ sortedTags, counter, pk, checksum, uuid, uuidChecksum }) => {
        return { sortedTags, counter, pk, checksum, uuid, uuidChecksum }
      }),
    )
  })

  test('raw tag texts', () => {
    const made = recorded.tagStrings.map(({ raw }) => {
      return { raw, dict: Object.fromEntries(parseTags(raw)), sorted: sortTags(raw) }
    })
    expect(made).toEqual(recorded.tagStrings.map(({ raw, dict, sorted }) => ({ raw, dict, sorted })))
  })

  test('numbers for people, and in the JSON of the graph API', () => {
    for (const [value, text] of recorded.readableFloat) expect(readableFloat(numberOf(value)), String(value)).toBe(text)
    for (const [value, text] of recorded.graphJsonFloat) expect(graphFloat(numberOf(value)), String(value)).toBe(text)
  })
})
