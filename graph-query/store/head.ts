import { seriesPerPage } from './segment-format.ts'

/** The raw points of one span of time that are in memory only (and in the write-ahead log), page by page. */
export interface HeadWindow {
  readonly firstRow: number
  readonly rows: number
  /** No point of this window is in a log file below this number. */
  readonly walSequence: number
  /** By page number; series-major: value of place p and row r at (p % 256) × rows + r. */
  readonly pages: Map<number, Float64Array>
  /** The page that was written to last: what comes next nearly always belongs there too. */
  latest: { readonly number: number; readonly page: Float64Array } | undefined
  points: number
  /** Once it takes no more points: every point of it is in a log file below this number. */
  frozenBelow: number | undefined
}

/** Hands out and takes back pages, so that memory is reused from window to window. Other threads can read them. */
export interface PagePool {
  take(length: number): Float64Array
  give(page: Float64Array): void
  /** Bytes handed out. */
  readonly usedBytes: number
  /** Bytes kept for reuse. */
  readonly idleBytes: number
}

const alwaysKeptBytes = 16 * 2 ** 20

export function createPagePool(): PagePool {
  const idle = new Map<number, Float64Array[]>()
  let usedBytes = 0
  let idleBytes = 0
  return {
    get usedBytes() {
      return usedBytes
    },
    get idleBytes() {
      return idleBytes
    },
    take(length) {
      usedBytes += 8 * length
      const reused = idle.get(length)?.pop()
      if (reused) idleBytes -= 8 * length
      return (reused ?? new Float64Array(new SharedArrayBuffer(8 * length))).fill(NaN)
    },
    give(page) {
      usedBytes -= 8 * page.length
      // As much as is in use will be wanted again when the next window begins; what a burst took beyond that is not.
      if (idleBytes + 8 * page.length > Math.max(alwaysKeptBytes, usedBytes)) return
      idleBytes += 8 * page.length
      const pages = idle.get(page.length)
      if (pages) pages.push(page)
      else idle.set(page.length, [page])
    },
  }
}

export function createHeadWindow(firstRow: number, rows: number, walSequence: number): HeadWindow {
  return { firstRow, rows, walSequence, pages: new Map(), latest: undefined, points: 0, frozenBelow: undefined }
}

/** Stores one value. `place` is the series' number within its step, `row` counts from the window's first. */
export function putInWindow(window: HeadWindow, pool: PagePool, place: number, row: number, value: number): void {
  const number = Math.floor(place / seriesPerPage)
  if (window.latest?.number !== number) {
    let page = window.pages.get(number)
    if (!page) {
      page = pool.take(seriesPerPage * window.rows)
      window.pages.set(number, page)
    }
    window.latest = { number, page }
  }
  window.latest.page[(place % seriesPerPage) * window.rows + row] = value
  window.points++
}
