import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Snapshot } from './period.ts'

/** The latest snapshot, written over and over; it becomes a line of a day's file at the next start. */
const latestFile = 'latest.json'
const dayMs = 86_400_000
const dayFile = /^(\d{4}-\d{2}-\d{2})\.jsonl$/

/** Snapshots of a module below one folder: a file a day (UTC), a line a snapshot. */
export interface LedgerFiles {
  /** @throws when the disk refuses. */
  append(snapshot: Snapshot): void
  /** Only the latest is kept. @throws when the disk refuses. */
  overwriteLatest(snapshot: Snapshot): void
  /** After the last `append` of a run. */
  discardLatest(): void
  /** What a killed process wrote last goes to its day; files older than `keepDays` go. */
  tidy(nowMs: number, keepDays: number): void
}

export function openLedgerFiles(dir: string): LedgerFiles {
  const latestPath = join(dir, latestFile)
  function append(snapshot: Snapshot): void {
    mkdirSync(dir, { recursive: true })
    appendFileSync(join(dir, `${dayOf(snapshot.at)}.jsonl`), `${JSON.stringify(snapshot)}\n`)
  }
  return {
    append,
    overwriteLatest(snapshot) {
      mkdirSync(dir, { recursive: true })
      writeFileSync(`${latestPath}.new`, JSON.stringify(snapshot))
      renameSync(`${latestPath}.new`, latestPath)
    },
    discardLatest: () => rmSync(latestPath, { force: true }),
    tidy(nowMs, keepDays) {
      const [latest] = readLines(latestPath)
      if (latest) append(latest)
      rmSync(latestPath, { force: true })
      const oldest = dayOf(nowMs - keepDays * dayMs)
      for (const day of daysIn(dir)) {
        if (day < oldest) rmSync(join(dir, `${day}.jsonl`), { force: true })
        else if (day < dayOf(nowMs - dayMs)) thin(join(dir, `${day}.jsonl`))
      }
    },
  }
}

/**
 * The snapshots from `since` (unix milliseconds) on, and those of the day before it, so that there is one to begin with.
 * What cannot be read, as a line that a crash cut short, is passed over.
 */
export function readSnapshots(dir: string, since: number): Snapshot[] {
  const from = dayOf(since - dayMs)
  const days = daysIn(dir).filter((day) => day >= from)
  return [...days.map((day) => `${day}.jsonl`), latestFile].flatMap((file) => readLines(join(dir, file)))
}

/** Of an older day the last snapshot of each hour and run is enough. */
function thin(path: string): void {
  const lines = readLines(path)
  const kept = new Map(lines.map((snapshot) => [`${snapshot.run} ${Math.floor(snapshot.at / 3_600_000)}`, snapshot]))
  if (kept.size === lines.length) return
  writeFileSync(`${path}.new`, [...kept.values()].map((snapshot) => `${JSON.stringify(snapshot)}\n`).join(''))
  renameSync(`${path}.new`, path)
}

function readLines(path: string): Snapshot[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text.split('\n').flatMap((line) => readSnapshot(line) ?? [])
}

function readSnapshot(line: string): Snapshot | undefined {
  try {
    const read = JSON.parse(line) as Partial<Snapshot>
    return typeof read.at === 'number' && typeof read.run === 'number' && Array.isArray(read.accounts)
      ? (read as Snapshot)
      : undefined
  } catch {
    return undefined
  }
}

function daysIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .flatMap((name) => dayFile.exec(name)?.[1] ?? [])
      .toSorted((a, b) => (a < b ? -1 : 1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
