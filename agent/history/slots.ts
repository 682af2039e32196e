/** One slot of a line: what was measured in it. */
export interface Slot {
  readonly low: number
  readonly mean: number
  readonly high: number
}

/** An hour of one number, in slots of a fixed length: 720 bytes, however often it is measured. */
export interface Slots {
  add(value: number, atMs: number): void
  /** One a slot, oldest first, up to the slot that `nowMs` lies in; undefined where nothing was measured. */
  read(nowMs: number): (Slot | undefined)[]
  /** The highest value that is kept; -Infinity when none is. */
  peak(): number
}

export const slotCount = 60

/** After a jump of the clock, what it left behind the hour or in the future is forgotten. */
export function createSlots(slotMs: number): Slots {
  const low = new Float32Array(slotCount).fill(NaN)
  const mean = new Float32Array(slotCount).fill(NaN)
  const high = new Float32Array(slotCount).fill(NaN)
  let newest = -Infinity
  let inNewest = 0

  function clear(from: number, to: number): void {
    for (let slot = Math.max(from, to - slotCount + 1); slot <= to; slot++) {
      const at = slot % slotCount
      low[at] = mean[at] = high[at] = NaN
    }
  }

  function moveTo(slot: number): void {
    if (slot === newest) return
    if (slot > newest) clear(newest + 1, slot)
    else clear(slot, newest)
    newest = slot
    inNewest = 0
  }

  return {
    add(value, atMs) {
      moveTo(Math.floor(atMs / slotMs))
      const at = newest % slotCount
      inNewest++
      if (inNewest === 1) {
        low[at] = mean[at] = high[at] = value
        return
      }
      low[at] = Math.min(low[at] ?? value, value)
      high[at] = Math.max(high[at] ?? value, value)
      mean[at] = (mean[at] ?? value) + (value - (mean[at] ?? value)) / inNewest
    },
    read(nowMs) {
      const last = Math.floor(nowMs / slotMs)
      return Array.from({ length: slotCount }, (_, i) => {
        const slot = last - slotCount + 1 + i
        const at = ((slot % slotCount) + slotCount) % slotCount
        const [lowest = NaN, average = NaN, highest = NaN] = [low[at], mean[at], high[at]]
        if (slot > newest || slot <= newest - slotCount || Number.isNaN(average)) return undefined
        return { low: lowest, mean: average, high: highest }
      })
    },
    peak: () => high.reduce((peak, value) => (value > peak ? value : peak), -Infinity),
  }
}
