import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stepSeconds } from './agent-data.ts'
import { ask, cpuMicrosOf, endChild, residentBytesOf, startChild } from './child.ts'
import { dropCaches } from './drop-caches.ts'
import { behindGraphQuery, ownStore, victoriaMetrics } from './victoriametrics/candidates.ts'
import type { Candidate } from './victoriametrics/candidates.ts'
import { aheadOfOwn, differingAnswers, figuresTable, questions } from './victoriametrics/figures.ts'
import type { Answered, Measurement, Question } from './victoriametrics/figures.ts'
import { askedSeries } from './victoriametrics/questions.ts'
import type { Count } from './victoriametrics/questions.ts'
import type { WriteTask, Written } from './victoriametrics/writer.ts'

const usual = { series: 100_000, minutes: 30 }
/** Without the way through graph-query, which would take minutes to meet so many series. */
const large = { series: 1_000_000, minutes: 4 }
/** Series that have a whole day before all others come. */
const daySeries = 2000
const dayMinutes = 1440
/** Two days ago at midnight: a day is what both merge to. */
const start = (Math.floor(Date.now() / 86_400_000) - 2) * 86_400
const timeOf = (minute: number) => start + minute * stepSeconds
const day = { start, end: timeOf(dayMinutes - 1) }

/**
 * Our own store beside VictoriaMetrics (Debian's `victoria-metrics`), which is written to and asked through graph-query and
 * then directly: the same samples in the same order, each server in a process of its own on an empty folder. With
 * `--large` a million series, which is where memory a series is to be read.
 */
export async function run(): Promise<void> {
  const isLarge = process.argv.includes('--large')
  const { series, minutes } = isLarge ? large : usual
  const folder = mkdtempSync(join(tmpdir(), 'victoriametrics-bench-'))
  const candidates = {
    'own store': () => ownStore(join(folder, 'own'), start),
    ...(!isLarge && { 'VictoriaMetrics by graph-query': () => behindGraphQuery(join(folder, 'behind'), start) }),
    'VictoriaMetrics by remote write': () => victoriaMetrics('remote-write'),
  }
  try {
    const measured = new Map<string, Measurement>()
    for (const [name, open] of Object.entries(candidates)) {
      const opening = performance.now()
      const candidate = await open()
      try {
        const startMs = performance.now() - opening
        measured.set(name, { startMs, ...(await measure(candidate, series, minutes)) })
      } finally {
        await candidate.remove()
      }
      console.log(`  ${name}: measured`)
    }
    console.log(`${series} series with ${minutes} minutes, ${daySeries} of them with a day before:`)
    console.log(figuresTable(measured))
    console.log(await importFigures())
    for (const line of [...aheadOfOwn(measured), ...differingAnswers(measured)]) console.log(line)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(candidate: Candidate, series: number, minutes: number): Promise<Omit<Measurement, 'startMs'>> {
  const emptyBytes = residentBytesOf(candidate.server())
  let write = await startWriter(candidate)
  for (let minute = 0; minute < dayMinutes; minute += 10) await write.minutes(daySeries, minute, minute + 10)
  await candidate.settle()
  const room = candidate.room()

  const first = await write.minutes(series, dayMinutes, dayMinutes + 1)
  const rest = await write.minutes(series, dayMinutes + 1, dayMinutes + minutes)
  const seriesBytes = (residentBytesOf(candidate.server()) - emptyBytes) / series
  await write.end()
  await candidate.settle()
  const warm = await askAll(candidate, (question) => timed(9, question))
  const cold = await askAll(candidate, async (question) => {
    await candidate.stop('SIGTERM')
    const dropped = dropCaches()
    await candidate.start()
    return dropped ? timed(1, question) : { ms: NaN, found: NaN }
  })

  // Acknowledged, and hardly in memory when the server dies.
  write = await startWriter(candidate)
  await write.minutes(series, dayMinutes + minutes, dayMinutes + minutes + 1)
  await write.end()
  await candidate.stop('SIGKILL')
  const dead = performance.now()
  await candidate.start()
  await candidate.questions.one(day)
  const restartMs = performance.now() - dead
  const survived = (await arrivedAt(candidate, timeOf(dayMinutes + minutes))) / askedSeries

  const dayPoints = daySeries * dayMinutes
  return {
    samplesPerSecond: rest.samplesPerSecond,
    serverMicros: rest.serverMicros,
    betweenMicros: rest.betweenMicros,
    writerMicros: rest.writerMicros,
    firstMicros: first.serverMicros + (first.betweenMicros ?? 0),
    emptyBytes,
    seriesBytes,
    pointBytes: room.points / dayPoints,
    allBytes: room.all / dayPoints,
    restartMs,
    survived,
    warm,
    cold,
  }
}

type Rates = Pick<Measurement, 'samplesPerSecond' | 'serverMicros' | 'betweenMicros' | 'writerMicros'>

async function startWriter(candidate: Candidate) {
  const file = new URL('victoriametrics/writer.ts', import.meta.url)
  const { child } = await startChild(file, [...candidate.writer, String(start)])
  const cpu = () => {
    const between = candidate.between()
    return {
      server: cpuMicrosOf(candidate.server()),
      between: between === undefined ? undefined : cpuMicrosOf(between),
    }
  }
  return {
    /** Writes minutes one after the other, with the time as it was then. */
    async minutes(series: number, firstMinute: number, endMinute: number): Promise<Rates> {
      const before = cpu()
      let samples = 0
      let seconds = 0
      let writer = 0
      // A day has few series: several minutes are then sent at once.
      const atOnce = series === daySeries ? endMinute - firstMinute : 1
      for (let minute = firstMinute; minute < endMinute; minute += atOnce) {
        candidate.setTime(timeOf(minute))
        const task: WriteTask = { series, firstMinute: minute, endMinute: minute + atOnce }
        const written = await ask<Written>(child, task)
        samples += written.samples
        seconds += written.seconds
        writer += written.cpuMicros
      }
      const after = cpu()
      return {
        samplesPerSecond: samples / seconds,
        serverMicros: (after.server - before.server) / samples,
        betweenMicros: before.between === undefined ? undefined : ((after.between ?? 0) - before.between) / samples,
        writerMicros: writer / samples,
      }
    },
    end: () => endChild(child, 'SIGTERM'),
  }
}

async function askAll(
  { questions: asked }: Candidate,
  answer: (question: () => Promise<Count>) => Promise<Answered>,
): Promise<Record<Question, Answered>> {
  const span = { start, end: timeOf(2 * dayMinutes) }
  const all: Record<Question, () => Promise<Count>> = {
    one: () => asked.one(day),
    host: () => asked.host(day),
    endpoints: () => asked.endpoints('99', span),
    counters: () => asked.counters('number9', span),
  }
  const answers = new Map<Question, Answered>()
  for (const question of questions) answers.set(question, await answer(all[question]))
  return Object.fromEntries(answers) as Record<Question, Answered>
}

/** The median of several calls. */
async function timed(times: number, question: () => Promise<Count>): Promise<Answered> {
  const took: number[] = []
  let found = NaN
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    const count = await question()
    took.push(performance.now() - began)
    found = count()
  }
  return { ms: took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? NaN, found }
}

/** Series that have a point at this time; what is on its way to a server that was away gets some seconds. */
async function arrivedAt(candidate: Candidate, seconds: number): Promise<number> {
  let arrived = 0
  for (let waited = 0; waited < 15 && arrived < askedSeries; waited++) {
    if (waited > 0) await sleep(1000)
    arrived = (await candidate.questions.arrived(seconds))()
  }
  return arrived
}

/** Whether the server's import of text lines would have been the cheaper way in. */
async function importFigures(): Promise<string> {
  const candidate = await victoriaMetrics('import')
  try {
    const write = await startWriter(candidate)
    await write.minutes(usual.series, 0, 1)
    const { samplesPerSecond, serverMicros, writerMicros } = await write.minutes(usual.series, 1, 6)
    await write.end()
    const micros = `${serverMicros.toFixed(2)} µs of the server and ${writerMicros.toFixed(2)} µs of the writer a sample`
    return `VictoriaMetrics by import of text lines: ${(samplesPerSecond / 1000).toFixed(0)} k/s, ${micros}`
  } finally {
    await candidate.remove()
  }
}
