/** How far a copy is. */
export interface CopyProgress {
  /** Bytes that are here, and that there will be in all as far as is known. */
  readonly done: number
  readonly total: number
  /** `12 % (1.20 of 10.00 GB, 58 MB/s, 3 min left)` */
  describe(): string
  expect(total: number): void
  /** Bytes that were here already. */
  kept(bytes: number): void
  received(bytes: number): void
}

const mega = 1e6
const giga = 1e9

/** `clock` in milliseconds. */
export function createCopyProgress(clock: () => number = () => performance.now()): CopyProgress {
  const began = clock()
  let total = 0
  let keptBytes = 0
  let receivedBytes = 0
  const done = () => keptBytes + receivedBytes
  const inUnit = (unit: number) => `${(done() / unit).toFixed(2)} of ${(Math.max(total, done()) / unit).toFixed(2)}`
  return {
    get done() {
      return done()
    },
    get total() {
      return Math.max(total, done())
    },
    describe() {
      const all = Math.max(total, done())
      const perSecond = receivedBytes / Math.max(0.001, (clock() - began) / 1000)
      const percent = all === 0 ? 0 : Math.floor((100 * done()) / all)
      const left = perSecond === 0 ? '' : `, ${duration((all - done()) / perSecond)} left`
      const bytes = all < giga ? `${inUnit(mega)} MB` : `${inUnit(giga)} GB`
      return `${percent} % (${bytes}, ${Math.round(perSecond / mega)} MB/s${left})`
    },
    expect(bytes) {
      total = bytes
    },
    kept(bytes) {
      keptBytes += bytes
    },
    received(bytes) {
      receivedBytes += bytes
    },
  }
}

function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
