import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { endsHalfWritten } from './block-log.ts'
import type { BlockReading, BlockReport } from './block-log.ts'
import { openLastPoints } from './last-points.ts'
import { stepsIn } from './recover.ts'
import { readRegistry } from './registry.ts'
import type { RegistryReader } from './registry-block.ts'
import type { SeriesRecord } from './series-record.ts'
import { createTexts } from './texts.ts'
import { isVanished } from './verification.ts'
import type { Damage, LoggedPoints, Verification, VerifyOptions } from './verification.ts'
import { verifyArchives } from './verify-archives.ts'
import { verifySegments } from './verify-segments.ts'
import { createEndCheck, replayWal, walName, walSequences } from './wal.ts'

/** Reads every block of every file of a store and changes nothing. */
export function verifyStore(options: VerifyOptions): Verification {
  const { dir, live, progress } = options
  const found: Verification = {
    files: 0,
    blocks: 0,
    bytes: 0,
    series: 0,
    points: 0,
    compared: 0,
    damages: [],
    notes: [],
  }
  const logged = verifyLog(options, found)
  const placesByStep = new Map<number, ReadonlyMap<number, number>>()
  for (const step of stepsIn(dir)) placesByStep.set(step, verifySegments(dir, step, found, live, progress))
  verifyLastPoints(dir, found)

  // Last, since whatever the other files refer to was in the list before them.
  const series = new Map<number, SeriesRecord>()
  const removed = new Set<number>()
  const given: Given = { ids: 0, places: new Map() }
  const reader = listReader(series, removed, given)
  verifyBlocks(found, dir, 'series.log', live, 'the names of these series, and with them their points', (reading) =>
    readRegistry(dir, reader, reading),
  )
  found.series = series.size - removed.size
  reportStrays(found, series, given, logged, placesByStep)

  const living = [...series.values()].filter((record) => !removed.has(record.id))
  for (const step of placesByStep.keys())
    verifyArchives(
      options,
      step,
      living.filter((record) => record.step === step),
      logged,
      found,
    )
  return found
}

function verifyLog({ dir, live, progress }: VerifyOptions, found: Verification): LoggedPoints {
  const earliest = new Map<number, number>()
  const walDir = join(dir, 'wal')
  const sequences = existsSync(walDir) ? walSequences(walDir) : []
  const lost = 'up to one point for each 16 bytes'
  const checkEnd = createEndCheck((sequence, bytes) => {
    const file = join('wal', walName(sequence))
    // A running store drops files; one that is there is never shortened.
    if (live && !existsSync(join(dir, file))) return
    found.damages.push({ file, where: `${bytes} bytes at its end are gone`, lost })
  })
  for (const [i, sequence] of sequences.entries()) {
    progress(`log file ${i + 1} of ${sequences.length}`)
    const isNewest = i === sequences.length - 1
    verifyBlocks(found, dir, join('wal', walName(sequence)), live && isNewest, lost, (reading) => {
      const note = (id: number, timestamp: number) => {
        found.points++
        earliest.set(id, Math.min(earliest.get(id) ?? Infinity, timestamp))
      }
      const report = replayWal(walDir, sequence, note, reading)
      checkEnd(sequence, report)
      return report
    })
  }
  return earliest
}

/** `growing`: its end may be a block that is being written at this moment. */
function verifyBlocks(
  found: Verification,
  dir: string,
  file: string,
  growing: boolean,
  lost: string,
  read: (reading: BlockReading) => BlockReport,
): void {
  const path = join(dir, file)
  try {
    const gaps: Damage[] = []
    const onGap = (position: number, bytes: number) =>
      void gaps.push({ file, where: `${bytes} bytes at byte ${position}`, lost })
    const report = read({ repair: false, onGap })
    if (report.bytes === 0 && report.torn === 0 && !existsSync(path)) return
    found.files++
    found.blocks += report.blocks
    found.bytes += report.bytes
    found.damages.push(...gaps)
    if (report.torn === 0 || growing) return
    if (endsHalfWritten(path, report.bytes))
      found.notes.push(
        `${file} ends with ${report.torn} bytes of a block that was being written when the process or the machine ended; the next start cuts them off, and whoever sent them was told so by no answer`,
      )
    else found.damages.push({ file, where: `${report.torn} bytes at byte ${report.bytes}, up to its end`, lost })
  } catch (error) {
    if (!isVanished(error)) throw error
  }
}

function verifyLastPoints(dir: string, found: Verification): void {
  const path = join(dir, 'last-points')
  const { file } = openLastPoints(dir)
  if (file === 'missing') return
  found.files++
  found.blocks++
  found.bytes += statSync(path).size
  if (file === 'damaged')
    found.damages.push({
      file: 'last-points',
      where: 'all of it',
      lost: 'nothing that the segments do not give back; series silent for days have no last point until they are sent again',
    })
}

/** What a list that was rewritten says: numbers and places below these that it does not have are deleted series'. */
interface Given {
  ids: number
  readonly places: Map<number, number>
}

function listReader(series: Map<number, SeriesRecord>, removed: Set<number>, given: Given): RegistryReader {
  const endpoints = createTexts()
  const counters = createTexts()
  return {
    endpoints,
    counters,
    define(id, endpoint, counter, kind, step, place) {
      series.set(id, { id, endpoint: endpoints.text(endpoint), counter: counters.text(counter), kind, step, place })
    },
    delete: (id) => void removed.add(id),
    given(ids, places) {
      given.ids = Math.max(given.ids, ids)
      for (const [step, used] of places) given.places.set(step, used)
    },
  }
}

/** Points whose series no list names: the list is damaged or was exchanged. */
function reportStrays(
  found: Verification,
  series: ReadonlyMap<number, SeriesRecord>,
  given: Given,
  logged: LoggedPoints,
  placesByStep: ReadonlyMap<number, ReadonlyMap<number, number>>,
): void {
  const lost = 'the names of these series, and with them their points'
  const strays = [...logged.keys()].filter((id) => id >= given.ids && !series.has(id)).length
  if (strays > 0) found.damages.push({ file: 'series.log', where: `${strays} series of the log are not in it`, lost })
  const known = new Map<number, Set<number>>()
  for (const { step, place } of series.values()) {
    const places = known.get(step) ?? new Set<number>()
    known.set(step, places.add(place))
  }
  for (const [step, places] of placesByStep) {
    const listed = given.places.get(step) ?? 0
    const unknown = [...places.keys()].filter((place) => place >= listed && !known.get(step)?.has(place)).length
    if (unknown > 0)
      found.damages.push({ file: 'series.log', where: `${unknown} series of step ${step} are not in it`, lost })
  }
}

/** Files that a start has put aside because they could not be used. */
export function putAside(dir: string): string[] {
  return stepsIn(dir).flatMap((step) =>
    readdirSync(join(dir, `step-${step}`)).flatMap((name) =>
      name.endsWith('.damaged') ? [join(`step-${step}`, name)] : [],
    ),
  )
}
