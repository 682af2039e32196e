/** Rows are cut from blocks of about this many numbers, so that a million series are not a million arrays. */
const blockLength = 64 * 1024

/**
 * The newest points of many series of one capacity. A row is a ring of (timestamp, value) pairs inside a shared block;
 * rows given back are used again.
 */
export class HistoryPool {
  readonly capacity: number
  private block = new Float64Array(0)
  private used = 0
  private readonly free: History[] = []

  constructor(capacity: number) {
    this.capacity = capacity
  }

  take(): History {
    const again = this.free.pop()
    if (again) return again
    const rowLength = 2 * this.capacity
    if (this.used + rowLength > this.block.length) {
      this.block = new Float64Array(Math.max(1, Math.floor(blockLength / rowLength)) * rowLength)
      this.used = 0
    }
    const history = new History(this, this.block, this.used)
    this.used += rowLength
    return history
  }

  /** The history must not be used afterwards. */
  giveBack(history: History): void {
    history.clear()
    this.free.push(history)
  }
}

/** The newest points of one series, newest at index 0. */
export class History {
  readonly pool: HistoryPool
  private readonly block: Float64Array
  private readonly start: number
  /** Position of the newest point in the ring. */
  private head = 0
  /** Points held. */
  count = 0
  /** Falcon: the type of the newest point decides how all of them are read. */
  gauge = true

  constructor(pool: HistoryPool, block: Float64Array, start: number) {
    this.pool = pool
    this.block = block
    this.start = start
  }

  get capacity(): number {
    return this.pool.capacity
  }

  /** Unix seconds of the newest point, 0 when there is none. */
  get newest(): number {
    return this.count === 0 ? 0 : (this.block[this.start + 2 * this.head] ?? 0)
  }

  timestampAt(index: number): number {
    return this.block[this.position(index)] ?? 0
  }

  valueAt(index: number): number {
    return this.block[this.position(index) + 1] ?? 0
  }

  /** The caller has made sure that it is newer than `newest`. The oldest point of a full ring goes. */
  push(timestamp: number, value: number): void {
    const capacity = this.pool.capacity
    this.head = this.head + 1 === capacity ? 0 : this.head + 1
    const at = this.start + 2 * this.head
    this.block[at] = timestamp
    this.block[at + 1] = value
    if (this.count < capacity) this.count++
  }

  /** Takes back the newest push. `timestamp` and `value` are those of the point that it pushed out, if it did (`full`). */
  unpush(full: boolean, timestamp: number, value: number): void {
    const at = this.start + 2 * this.head
    this.block[at] = timestamp
    this.block[at + 1] = value
    if (!full) this.count--
    this.head = this.head === 0 ? this.pool.capacity - 1 : this.head - 1
  }

  /**
   * Writes the newest `length` values into `into`; for COUNTER and DERIVE the rates between neighbours, each standing at
   * the newer of its two points, negative after a reset as Open-Falcon computes them. Returns how many there were.
   */
  newestInto(into: Float64Array, length: number): number {
    const available = this.gauge ? this.count : this.count - 1
    const given = Math.max(0, Math.min(length, available))
    const { block, start } = this
    const last = this.pool.capacity - 1
    let at = this.head
    if (this.gauge) {
      for (let i = 0; i < given; i++) {
        into[i] = block[start + 2 * at + 1] ?? 0
        at = at === 0 ? last : at - 1
      }
      return given
    }
    for (let i = 0; i < given; i++) {
      const before = at === 0 ? last : at - 1
      const newer = start + 2 * at
      const older = start + 2 * before
      into[i] = ((block[newer + 1] ?? 0) - (block[older + 1] ?? 0)) / ((block[newer] ?? 0) - (block[older] ?? 0))
      at = before
    }
    return given
  }

  /** Takes over the points of another history, as many as fit. */
  copyFrom(other: History): void {
    this.gauge = other.gauge
    for (let i = Math.min(other.count, this.capacity) - 1; i >= 0; i--)
      this.push(other.timestampAt(i), other.valueAt(i))
  }

  clear(): void {
    this.count = 0
    this.head = 0
    this.gauge = true
  }

  private position(index: number): number {
    const at = this.head - index
    return this.start + 2 * (at < 0 ? at + this.pool.capacity : at)
  }
}

/** Pools by capacity, and histories cut from them. */
export function createHistories(): { take(capacity: number): History; giveBack(history: History): void } {
  const pools = new Map<number, HistoryPool>()
  return {
    take(capacity) {
      let pool = pools.get(capacity)
      if (!pool) pools.set(capacity, (pool = new HistoryPool(capacity)))
      return pool.take()
    },
    giveBack: (history) => history.pool.giveBack(history),
  }
}
