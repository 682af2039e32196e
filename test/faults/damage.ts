import { cpSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from '../drivers/fleet.ts'
import { drained } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { loadStep, rpcEntrance, startLoad } from './load.ts'
import type { Random } from './random.ts'
import { compareStored } from './stored.ts'
import type { Comparison, MissingSample } from './stored.ts'

/** What the store said of damage since its last start. */
interface Report {
  readonly what: string
  readonly file?: string
  readonly where?: string
  readonly bytes?: number
}

/**
 * Flips a bit of a file of the store, or cuts it off, at a random place, starts the store again, and asks for everything.
 * What is then missing must be what a report names; nothing wrong may be answered. Afterwards the file is as before.
 */
export async function damageStore(run: FaultRun): Promise<Outcome> {
  const { random, times, progress } = run
  const fleet = await startFleet({ judge: false, graph: { storage: { maintainMs: 100 } } })
  try {
    const dir = join(fleet.folder, 'graph')
    const kept = join(fleet.folder, 'graph-kept')
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), pauseMs: 0 })
    await sleep(4000)
    // A start finds complete windows and writes them, so that there are segments to damage.
    await fleet.graph.kill()
    await fleet.graph.restart()
    await sleep(4000)
    await load.stop()
    await drained(fleet.transfer)
    const sound = await compareStored(fleet.ports.query, load.endpoints)
    await fleet.graph.kill()
    cpSync(dir, kept, { recursive: true })

    const complaints = [...sound.missing, ...sound.wrong].slice(0, 5).map((one) => `before: ${JSON.stringify(one)}`)
    let named = 0
    let unnamed = 0
    let wrong = 0
    for (let time = 1; time <= times; time++) {
      const target = pickFile(dir, random)
      const { done, removed } = damageFile(join(dir, target), random, isFollowed(dir, target))
      const said = fleet.graph.output().length
      await fleet.graph.restart()
      const found = await compareStored(fleet.ports.query, load.endpoints)
      const reports = reportsIn(fleet.graph.output().slice(said))
      const why = unexplained(target, removed, found, reports)
      wrong += found.wrong.length
      if (why === undefined) named += found.missing.length
      else unnamed += found.missing.length
      if (why !== undefined || found.wrong.length > 0)
        complaints.push(
          `${target} ${done}: ${why ?? ''} ${found.wrong.slice(0, 3).join('; ')} ${JSON.stringify(reports)}`,
        )
      await fleet.graph.kill()
      rmSync(dir, { recursive: true })
      cpSync(kept, dir, { recursive: true })
      if (time % 10 === 0 || time === times)
        progress(`damaged ${time} of ${times} times; ${named} samples lost and named`)
    }
    return {
      fault: 'flipped bits and cuts',
      times,
      acknowledged: sound.acknowledged,
      stored: sound.stored,
      missing: unnamed,
      wrong,
      note: `${named} samples lost and named by reports in all`,
      complaints,
    }
  } finally {
    await fleet.remove()
  }
}

function pickFile(dir: string, random: Random): string {
  const within = (folder: string) => readdirSync(join(dir, folder)).map((name) => join(folder, name))
  const segments = within(`step-${loadStep}`).filter((name) => name.endsWith('.seg'))
  const logs = within('wal').filter((name) => statSync(join(dir, name)).size > 0)
  const kinds = [segments, logs, ['series.log'], ['last-points']].filter((files) => files.length > 0)
  return random.pick(random.next() < 0.8 ? random.pick(kinds.slice(0, -2)) : random.pick(kinds.slice(-2)))
}

/** Whether it is a file of the log that another one follows: the next one knows where it ended. */
function isFollowed(dir: string, target: string): boolean {
  const logs = readdirSync(join(dir, 'wal')).toSorted()
  return target.endsWith('.wal') && !target.endsWith(logs.at(-1) ?? '')
}

/** `removed`: bytes that are no longer there, which no report can count. */
function damageFile(path: string, random: Random, followed: boolean): { done: string; removed: number } {
  const bytes = readFileSync(path)
  const size = bytes.length
  const at = random.between(0, size - 1)
  if (random.next() < 0.3) {
    // A newest log that ends where a block ends is one to which no more was written: nobody can tell. Blocks end at even bytes.
    const end = followed && random.next() < 0.5 ? random.pick(blockEnds(bytes)) : at | 1
    truncateSync(path, end)
    return { done: `cut off at ${end} of ${size}`, removed: Math.max(0, size - end) }
  }
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7))
  writeFileSync(path, bytes)
  return { done: `bit flipped at ${at} of ${size}`, removed: 0 }
}

/** Where the blocks of a log end, apart from the last one. */
function blockEnds(log: Buffer): number[] {
  const ends = [0]
  for (let at = 0; at < log.length; ends.push(at)) at += 16 + Math.ceil(log.readUInt32LE(at + 4) / 16) * 16
  return ends.slice(0, -1)
}

function reportsIn(output: string): Report[] {
  return output.split('\n').flatMap((line) => {
    if (!line.includes('the store reports')) return []
    return [JSON.parse(line) as Report]
  })
}

/** Why the missing samples are not those that the reports name; undefined when they are. */
function unexplained(
  target: string,
  removed: number,
  { missing }: Comparison,
  reports: readonly Report[],
): string | undefined {
  if (missing.length === 0) return undefined
  const name = target.slice(target.lastIndexOf('/') + 1).replace(/^0+(?=\d+\.wal)/, '')
  const about = reports.filter(({ file }) => file?.endsWith(name))
  if (about.length === 0) return `${missing.length} missing, but no report names the file`
  if (name === 'last-points') return `${missing.length} missing, although only the newest points are in this file`
  if (name.endsWith('.seg')) return outsideSegment(name, missing, about)
  const bytes = about.reduce(
    (sum, { bytes: torn = 0, where = '' }) => sum + torn + Number.parseInt(where || '0', 10),
    removed,
  )
  // Sixteen bytes of the log are a point; a definition in the list of series is longer, and costs all its points.
  const most = Math.floor(bytes / 16)
  const lost = name.endsWith('.wal') ? missing.length : new Set(missing.map((one) => one.endpoint + one.counter)).size
  return lost > most ? `${lost} lost by ${bytes} bytes` : undefined
}

function outsideSegment(name: string, missing: readonly MissingSample[], about: readonly Report[]): string | undefined {
  const [width = 1, first = 0, rows = 0] = name.split('-').map(Number)
  const from = width === 1 ? first * loadStep : 0
  const to = width === 1 ? (first + rows) * loadStep : Infinity
  const outside = missing.filter(({ timestamp }) => timestamp < from || timestamp >= to)
  if (outside.length > 0) return `${outside.length} missing outside of the segment`
  const series = new Set(missing.map((one) => one.endpoint + one.counter)).size
  const only = about.every(({ where = '' }) => where.startsWith('block')) ? about.length : Infinity
  return series > only ? `${series} series lost by ${only} blocks` : undefined
}
