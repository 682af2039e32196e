/** What a series costs while it is remembered: measured 580 bytes, and as much again to collect garbage in. */
const bytesPerSeries = 1200

/**
 * Distinct series that may be remembered: those configured, but no more than fit the heap. A flood of new names, as by a
 * process id in a tag, then costs the new series, not the process and everybody's samples.
 */
export function mostSeries(configured: number, heapBytes: number): number {
  return Math.min(configured, Math.floor(heapBytes / bytesPerSeries))
}
