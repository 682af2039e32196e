/**
 * A segment file: rows of many series for one span of time, written once and never changed.
 *
 *   magic (8 bytes)
 *   pages, ascending: for the series numbers [256 p, 256 p + 256) a table of 257 offsets (u32, from the page's start)
 *     and their CRC, then the blocks. A block: CRC (u32, seeded with the series number), then what the codec wrote:
 *     one run of values for raw points; for coarser rows averages and counts, and minima and maxima where they differ.
 *   directory: page number (u32), position (f64), bytes (u32) for each page
 *   footer (64 bytes), which ends with its CRC
 *
 * All numbers are little-endian.
 */
export const segmentMagic = Buffer.from('FGSEG001')
export const seriesPerPage = 256
export const tableBytes = 4 * (seriesPerPage + 2)
export const directoryEntryBytes = 16
export const footerBytes = 64

/** Which rows a segment holds, and which files of the write-ahead log it makes needless. */
export interface SegmentSpan {
  /** Steps a row covers: 1 for raw points. */
  readonly width: number
  /** Index of the first row: its end time divided by width × step. */
  readonly firstRow: number
  readonly rows: number
  /** Where two segments hold the same row of a series, the one with the higher number is right. */
  readonly sequence: number
  /** Every point of these rows that is in a log file below this number is in this segment or a later one. */
  readonly walSequence: number
}

export interface Footer extends SegmentSpan {
  readonly directoryAt: number
  readonly pages: number
  readonly directoryChecksum: number
}

/** `<width>-<first row>-<rows>-<sequence>.seg` */
export function segmentName(span: SegmentSpan): string {
  return `${span.width}-${span.firstRow}-${span.rows}-${span.sequence}.seg`
}

export function isSegmentName(name: string): boolean {
  return /^\d+-\d+-\d+-\d+\.seg$/.test(name)
}
