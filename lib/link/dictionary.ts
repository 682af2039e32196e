import type { NumberedSeries, SampleColumns } from './columns.ts'

/**
 * What one receiver knows: the numbers of this process' series as they were given to that receiver, dense from 0 in
 * the order of their definition.
 */
export interface Dictionary {
  readonly size: number
  /**
   * Writes the receiver's number of each sample's series at `offset` of `view`, four bytes each, and returns the
   * series it does not know yet; they count as known from now on, in this order.
   */
  writeNumbers(columns: SampleColumns, view: DataView, offset: number): NumberedSeries[]
  /** Makes the latest `count` series unknown again: their definitions were not sent after all. */
  forget(latest: readonly NumberedSeries[]): void
  clear(): void
}

export function createDictionary(): Dictionary {
  /** By the process' number: the receiver's number plus one, 0 when it does not know the series. */
  let known = new Uint32Array(256)
  let size = 0

  function grow(number: number): void {
    const larger = new Uint32Array(Math.max(number + 1, known.length * 2))
    larger.set(known)
    known = larger
  }

  return {
    get size() {
      return size
    },
    writeNumbers({ count, series, numbers }, view, offset) {
      const fresh: NumberedSeries[] = []
      for (let i = 0, at = offset; i < count; i++, at += 4) {
        const number = numbers === undefined ? (series[i] as NumberedSeries).number : (numbers[i] as number)
        if (number >= known.length) grow(number)
        let theirs = known[number] as number
        if (theirs === 0) {
          fresh.push(series[i] as NumberedSeries)
          theirs = ++size
          known[number] = theirs
        }
        view.setUint32(at, theirs - 1, true)
      }
      return fresh
    },
    forget(latest) {
      for (const { number } of latest) known[number] = 0
      size -= latest.length
    },
    clear() {
      known.fill(0)
      size = 0
    },
  }
}
