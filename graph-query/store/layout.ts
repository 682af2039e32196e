/** An archive as configured: how many steps a row covers and how many rows are answered from it. */
export interface ArchiveSetting {
  readonly steps: number
  readonly rows: number
}

/** Open-Falcon's archives. The first is the raw points themselves. */
export const defaultArchives: readonly ArchiveSetting[] = [
  { steps: 1, rows: 720 },
  { steps: 5, rows: 576 },
  { steps: 20, rows: 504 },
  { steps: 180, rows: 766 },
  { steps: 720, rows: 730 },
]

/** How the points of all series of one step lie in windows and archives. All spans are in steps. */
export interface GridLayout {
  readonly step: number
  /** Steps of the window that is kept in memory and then written as one small segment. */
  readonly windowRows: number
  /**
   * Steps of the larger raw segments, into which smaller ones are merged: first those of a few hours, then those of a
   * day. Each is a multiple of the one before, so that spans lie within spans.
   */
  readonly mergedRows: readonly [medium: number, large: number]
  /** Steps for which raw points are kept and answered. */
  readonly rawRows: number
  readonly archives: readonly ArchiveLayout[]
}

export interface ArchiveLayout {
  /** Steps a row covers. */
  readonly width: number
  /** Rows that are kept and answered. */
  readonly rows: number
  /** Rows of one segment. */
  readonly segmentRows: number
  /** Index in `archives` of the finer one that this is made from, -1 for the raw points. */
  readonly source: number
  /** No longer configured: its rows are answered where nothing else reaches back, and none are added. */
  readonly retired: boolean
}

/** Windows are as short as the memory of a series wants, and a medium segment holds about twenty. */
const windowsPerQuarter = 5
const quartersPerMedium = 4
const mediumPerLarge = 12
/** A rate looks this far back for its earlier point. */
const rateReachSeconds = 86_400

export function layoutOf(
  step: number,
  settings: readonly ArchiveSetting[],
  rawRetentionSeconds: number,
  retired: readonly ArchiveSetting[] = [],
): GridLayout {
  const quarterSeconds = Math.max(1800, Math.min(7200, 30 * step))
  const quarterRows = Math.max(1, Math.floor(quarterSeconds / step))
  const windows = Math.min(windowsPerQuarter, quarterRows)
  const windowRows = Math.floor(quarterRows / windows)
  const medium = windowRows * windows * quartersPerMedium
  const large = medium * mediumPerLarge
  const all = [
    ...settings.map((archive) => ({ ...archive, retired: false })),
    ...retired.map((archive) => ({ ...archive, retired: true })),
  ]
  const sorted = all.toSorted((a, b) => a.steps - b.steps)
  const raw = settings.find((archive) => archive.steps === 1)?.rows ?? 0
  // Coarser rows are made from raw points once a large segment is complete, so two of those must be there.
  const rawRows = Math.max(raw, Math.ceil(rawRetentionSeconds / step), 2 * large)
  const archives: ArchiveLayout[] = []
  for (const { steps: width, rows, retired: isRetired } of sorted.filter((archive) => archive.steps > 1)) {
    const source = archives.findLastIndex((finer) => width % finer.width === 0 && !finer.retired)
    const finer = archives[source]
    const sourceSpan = finer ? finer.width * finer.rows : rawRows
    archives.push({ width, rows, source, segmentRows: segmentRowsOf(width, rows, sourceSpan), retired: isRetired })
  }
  return { step, windowRows, mergedRows: [medium, large], rawRows, archives }
}

/** A segment must be complete long before the finer rows that it is made from are dropped. */
function segmentRowsOf(width: number, rows: number, sourceSpan: number): number {
  return Math.max(1, Math.min(288, rows, Math.floor(sourceSpan / 2 / width)))
}

/** Steps that a rate may look back for its earlier point. */
export function rateReach(step: number): number {
  return Math.max(2, Math.ceil(rateReachSeconds / step))
}
