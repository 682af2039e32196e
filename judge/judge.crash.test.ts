import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { projectRoot } from '#lib/module'
import type { AlarmEvent } from '#protocol'
import { openFixture, strategy } from './engine/fixture-judge.ts'
import { freePort, openStand, sendUntilTaken } from './fixture-stand.ts'
import type { Stand } from './fixture-stand.ts'

let stand: Stand
let child: ChildProcess | undefined
beforeEach(async () => (stand = await openStand()))
afterEach(async () => {
  await kill()
  await stand.close()
})

const hosts = Array.from({ length: 30 }, (_, i) => `h${i}`)
const steps = 200
const t = 1_700_000_000
const rules = [
  strategy({ id: 1, func: 'all(#2)', maxStep: 5, priority: 0 }),
  strategy({ id: 2, func: 'pdiff(#3)', rightValue: 150, maxStep: 2, priority: 3 }),
]

/** A stream that triggers and recovers often, the same in every run. */
function pointsOf(step: number) {
  return hosts.map((endpoint, i) => ({ endpoint, timestamp: t + 60 * step, value: (step * step * 7 + i * 31) % 23 }))
}

async function start(ports: { rpc: number; http: number }): Promise<void> {
  const file = join(stand.dir, 'cfg.json')
  const config = stand.config({
    rpc: { listen: `127.0.0.1:${ports.rpc}` },
    http: { listen: `127.0.0.1:${ports.http}` },
    // Small, so that snapshots are being written when the kill comes.
    journalMaxBytes: 40_000,
  })
  writeFileSync(file, JSON.stringify(config))
  const main = ['--conditions=source', '--import', 'tsx', 'judge/main.ts', '--config', file]
  const started = spawn(process.execPath, main, { cwd: projectRoot, stdio: ['ignore', 'ignore', 'inherit'] })
  child = started
  await vi.waitFor(
    async () => {
      if (started.exitCode !== null) throw new Error(`judge left at start with code ${started.exitCode}`)
      expect(await isHealthy(ports.http)).toBe(true)
    },
    { timeout: 30_000, interval: 20 },
  )
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health`)).ok
  } catch {
    return false
  }
}

async function kill(): Promise<void> {
  const killed = child
  child = undefined
  if (!killed || killed.exitCode !== null) return
  killed.kill('SIGKILL')
  await once(killed, 'exit')
}

/** The events of a run that nothing disturbed, by priority. */
async function undisturbed(): Promise<Map<number, string[]>> {
  const dir = join(stand.dir, 'undisturbed')
  mkdirSync(dir)
  const judge = await openFixture(dir, { remain: 11, historyLimit: 1000 }, 1_000_000)
  await judge.use(Object.fromEntries(hosts.map((host) => [host, rules])))
  judge.clock = t + 1_000_000
  for (let step = 0; step < steps; step++)
    for (const { endpoint, timestamp, value } of pointsOf(step)) await judge.push({ endpoint }, [timestamp, value])
  const events = new Map<number, string[]>([0, 3].map((priority) => [priority, []]))
  for (const { priority, json } of judge.state.outbox.all()) events.get(priority)?.push(json)
  return events
}

function shortened(json: string): string {
  const { status, endpoint, leftValue, currentStep, eventTime } = JSON.parse(json) as AlarmEvent
  return `${endpoint} ${status} ${currentStep} ${leftValue} at ${(eventTime - t) / 60}`
}

test('SIGKILL at any moment neither loses nor repeats an event', { timeout: 120_000 }, async () => {
  const expected = await undisturbed()
  expect(expected.get(0)?.length).toBeGreaterThan(100)
  expect(expected.get(3)?.length).toBeGreaterThan(100)

  stand.hosts = Object.fromEntries(hosts.map((host) => [host, rules]))
  const ports = { rpc: await freePort(), http: await freePort() }
  await start(ports)
  await vi.waitFor(() => expect(existsSync(join(stand.dir, 'judge/rules.json'))).toBe(true), { timeout: 10_000 })
  const link = stand.link(ports.rpc)
  let killing: Promise<void> | undefined
  let kills = 0
  for (let step = 0; step < steps; step++) {
    const sent = sendUntilTaken(link, 'm', pointsOf(step))
    // The kill meets the batch before, in or after its journal write, or its events on their way to the queue.
    if (step % 40 === 20) {
      await new Promise((resolve) => setTimeout(resolve, kills % 4))
      kills++
      killing = kill().then(() => start(ports))
    }
    await Promise.all([sent, killing])
  }
  expect(kills).toBe(5)
  for (const [priority, events] of expected) {
    await vi.waitFor(async () => expect((await stand.queued(priority)).length).toBeGreaterThanOrEqual(events.length), {
      timeout: 20_000,
    })
    expect((await stand.queued(priority)).map(shortened)).toEqual(events.map(shortened))
    expect(await stand.queued(priority)).toEqual(events)
  }
})
