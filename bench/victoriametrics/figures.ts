import { formatTable } from '#lib/table'

export const questions = ['one', 'host', 'endpoints', 'counters'] as const
export type Question = (typeof questions)[number]

/** Milliseconds of one question, and how many points or names came. */
export interface Answered {
  readonly ms: number
  readonly found: number
}

/** What one candidate gave. CPU is of all threads of a process, in microseconds a sample. */
export interface Measurement {
  readonly samplesPerSecond: number
  readonly serverMicros: number
  /** Of graph-query, where it only passes samples on. */
  readonly betweenMicros: number | undefined
  readonly writerMicros: number
  /** Of server and what is before it, when every sample is the first of its series. */
  readonly firstMicros: number
  /** Resident before anything is written. */
  readonly emptyBytes: number
  /** Resident beyond that after writing, a series. */
  readonly seriesBytes: number
  /** On the disk, merged: points as they came, and all there is, names included, a point. */
  readonly pointBytes: number
  readonly allBytes: number
  /** Until it serves, on an empty folder and with all its series. */
  readonly startMs: number
  readonly restartMs: number
  /** Of the samples that were acknowledged just before the server was killed, the share that is there after it. */
  readonly survived: number
  readonly warm: Readonly<Record<Question, Answered>>
  readonly cold: Readonly<Record<Question, Answered>>
}

interface Figure {
  readonly what: string
  readonly of: (measurement: Measurement) => number | undefined
  readonly show: (value: number) => string
  readonly better: 'more' | 'less'
}

const asked: Readonly<Record<Question, string>> = {
  one: '1 series x 1 day',
  host: '100 series x 1 day',
  endpoints: 'search: endpoints by a part of their name',
  counters: 'search: counters of 10 hosts by expression',
}
const micros = (value: number) => `${value.toFixed(2)} µs`
const bytes = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} B`
const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`

const figures: readonly Figure[] = [
  {
    what: 'samples acknowledged',
    of: (one) => one.samplesPerSecond,
    show: (value) => `${(value / 1000).toFixed(0)} k/s`,
    better: 'more',
  },
  { what: 'CPU of the server a sample', of: (one) => one.serverMicros, show: micros, better: 'less' },
  {
    what: '  with graph-query before it',
    of: (one) => one.serverMicros + (one.betweenMicros ?? 0),
    show: micros,
    better: 'less',
  },
  { what: '  of the first samples of new series', of: (one) => one.firstMicros, show: micros, better: 'less' },
  { what: 'CPU of the writer a sample', of: (one) => one.writerMicros, show: micros, better: 'less' },
  {
    what: 'resident when empty',
    of: (one) => one.emptyBytes,
    show: (value) => `${(value / 2 ** 20).toFixed(0)} MB`,
    better: 'less',
  },
  { what: 'resident beyond that, a series', of: (one) => one.seriesBytes, show: bytes, better: 'less' },
  { what: 'disk, merged: a raw point', of: (one) => one.pointBytes, show: bytes, better: 'less' },
  { what: '  with names, archives and all else', of: (one) => one.allBytes, show: bytes, better: 'less' },
  { what: 'start on an empty folder', of: (one) => one.startMs, show: ms, better: 'less' },
  { what: 'after SIGKILL until it answers', of: (one) => one.restartMs, show: ms, better: 'less' },
  {
    what: '  newest acknowledged minute still there',
    of: (one) => one.survived,
    show: (value) => `${(value * 100).toFixed(0)} %`,
    better: 'more',
  },
  ...(['warm', 'cold'] as const).flatMap((state) =>
    questions.map((question): Figure => ({
      what: `${asked[question]}, ${state}`,
      of: (one) => one[state][question].ms,
      show: ms,
      better: 'less',
    })),
  ),
]

/** All figures side by side; in brackets how many times the first candidate's. */
export function figuresTable(measured: ReadonlyMap<string, Measurement>): string {
  const [own] = measured.values()
  const rows = figures.map(({ what, of, show }) => {
    const base = own && of(own)
    const cells = [...measured.values()].map((one) => {
      const value = of(one)
      if (value === undefined || Number.isNaN(value)) return ''
      return one === own || !base ? show(value) : `${show(value)} (${ratio(value / base)})`
    })
    return [what, ...cells]
  })
  return formatTable(['', ...measured.keys()], rows)
}

/** Where another candidate is better than the first, by more than measuring errs; said plainly. */
export function aheadOfOwn(measured: ReadonlyMap<string, Measurement>): string[] {
  const [[, own] = []] = measured
  return [...measured].slice(1).map(([name, other]) => {
    const ahead = figures.filter(({ of, better }) => {
      const [ours, theirs] = [own && of(own), of(other)]
      if (ours === undefined || theirs === undefined) return false
      return better === 'more' ? theirs > 1.1 * ours : theirs < ours / 1.1
    })
    const list = ahead.map(({ what }) => what.trim()).join('; ')
    return `${name} is ahead of our own store in: ${list === '' ? 'nothing' : list}`
  })
}

/** Questions that were not answered alike. */
export function differingAnswers(measured: ReadonlyMap<string, Measurement>): string[] {
  return questions.flatMap((question) => {
    const found = [...measured].map(([name, one]) => `${name} ${one.warm[question].found}`)
    const different = new Set([...measured.values()].map((one) => one.warm[question].found)).size > 1
    return different ? [`NOT ALIKE, found by "${asked[question]}": ${found.join(', ')}`] : []
  })
}

function ratio(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)}x`
}
