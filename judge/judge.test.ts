import { execFileSync } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AlarmEvent } from '#protocol'
import { silentLog, strategy } from './engine/fixture-judge.ts'
import { freePort, openStand, sendUntilTaken } from './fixture-stand.ts'
import type { Stand } from './fixture-stand.ts'
import { startJudge } from './judge.ts'
import type { RunningJudge } from './judge.ts'

let stand: Stand
let running: RunningJudge[]
beforeEach(async () => {
  stand = await openStand()
  running = []
})
afterEach(async () => {
  for (const judge of running) await judge.stop()
  await stand.close()
})

const now = () => Math.floor(Date.now() / 1000)

async function start(more: Record<string, unknown> = {}): Promise<RunningJudge> {
  const file = join(stand.dir, 'cfg.json')
  const config = stand.config(more)
  writeFileSync(file, JSON.stringify({ ...config, alarm: { ...config.alarm, minInterval: 77 } }))
  const judge = await startJudge(config, silentLog, file)
  running.push(judge)
  return judge
}

async function stop(judge: RunningJudge): Promise<void> {
  running = running.filter((one) => one !== judge)
  await judge.stop()
}

async function get(judge: RunningJudge, path: string, init?: RequestInit): Promise<string> {
  return (await fetch(`http://127.0.0.1:${judge.ports.http}${path}`, init)).text()
}

async function untilRulesAreIn(judge: RunningJudge, path = 'h1/m'): Promise<void> {
  await vi.waitFor(async () => expect(await get(judge, `/strategy/${path}`)).not.toContain('null'), 10_000)
}

async function countOf(judge: RunningJudge, name: string): Promise<number> {
  const { data } = JSON.parse(await get(judge, '/counter/all')) as { data: { Name: string; Cnt: number }[] }
  return data.find((row) => row.Name === name)?.Cnt ?? 0
}

async function statuses(priority = 1): Promise<string[]> {
  const events = (await stand.queued(priority)).map((json) => JSON.parse(json) as AlarmEvent)
  return events.map(
    ({ endpoint, status, currentStep, leftValue }) => `${endpoint} ${status} ${currentStep} ${leftValue}`,
  )
}

test('points over the link become events on the queue, and every route tells about them', async () => {
  stand.hosts = { h1: [strategy({ id: 1, func: 'all(#2)' }), strategy({ id: 2, func: 'all(#2000)' })] }
  const judge = await start()
  await untilRulesAreIn(judge)
  const link = stand.link(judge.ports.rpc ?? 0)
  for (const [ago, value] of [
    [240, 5],
    [180, 50],
    [120, 60],
    [60, 7],
  ] as const)
    await sendUntilTaken(link, 'm', [{ endpoint: 'h1', timestamp: now() - ago, value }])
  await sendUntilTaken(link, 'unknown', [{ endpoint: 'h1', timestamp: now(), value: 1 }])
  await vi.waitFor(async () => expect(await statuses()).toEqual(['h1 PROBLEM 1 60', 'h1 OK 1 7']), 10_000)

  expect(await get(judge, '/health')).toBe('ok')
  expect(await get(judge, '/health?detail')).toContain('s_2 is refused')
  expect(await get(judge, '/count')).toBe('total: 1\n')
  expect((await get(judge, '/history/h1/m')).split('\n')).toHaveLength(5)
  expect(await get(judge, '/explain/h1/m')).toContain('the newest point made the event OK step 1')
  expect(await get(judge, '/explain/h1/unknown')).toContain('no rule matches this series')
  expect(await get(judge, '/rules/refused')).toContain('historyLimit is 1000')
  const rows = JSON.parse(await get(judge, '/counter/all')) as { data: { Name: string; Cnt: number }[] }
  const counts = Object.fromEntries(rows.data.map(({ Name, Cnt }) => [Name, Cnt]))
  expect(counts).toMatchObject({ received: 5, judged: 4, unmatched: 1, 'events.made': 2, 'events.waiting': 0 })
  expect(await get(judge, '/config/reload', { method: 'POST' })).toContain('"minInterval":77')
})

test('a judge started while hbs is away judges with the rules of its last run', async () => {
  stand.hosts = { h1: [strategy({ id: 1 })] }
  const first = await start()
  await untilRulesAreIn(first)
  await vi.waitFor(() => expect(existsSync(join(stand.dir, 'judge/rules.json'))).toBe(true))
  await stop(first)
  await stand.stopHbs()

  const second = await start()
  await sendUntilTaken(stand.link(second.ports.rpc ?? 0), 'm', [{ endpoint: 'h1', timestamp: now(), value: 50 }])
  await vi.waitFor(async () => expect(await statuses()).toEqual(['h1 PROBLEM 1 50']), 10_000)
  await vi.waitFor(async () => expect(await get(second, '/health?detail')).toContain('rules are those of the last run'))
})

test(
  'rules judge nothing before they are on disk, and do when the disk refuses them',
  { timeout: 30_000 },
  async () => {
    stand.hosts = { h1: [strategy({ id: 1 })] }
    mkdirSync(join(stand.dir, 'judge'))
    const draft = join(stand.dir, 'judge/rules.json.tmp')
    // Whoever opens it for writing waits until somebody reads; then it cannot be synced.
    execFileSync('mkfifo', [draft])
    const judge = await start()
    let taken = false
    const sent = sendUntilTaken(stand.link(judge.ports.rpc ?? 0), 'm', [
      { endpoint: 'h1', timestamp: now(), value: 50 },
    ])
    const sending = sent.then(() => (taken = true))
    try {
      await vi.waitFor(() => expect(stand.pulls).toBe(1), 10_000)
      const before = await countOf(judge, 'batches.rejected')
      await vi.waitFor(async () => expect(await countOf(judge, 'batches.rejected')).toBeGreaterThan(before + 10), 8000)
      expect(taken).toBe(false)
    } finally {
      createReadStream(draft).resume()
    }
    await sending
    await vi.waitFor(async () => expect(await statuses()).toEqual(['h1 PROBLEM 1 50']), 10_000)
    expect(await countOf(judge, 'rules.saveFailures')).toBe(1)
  },
)

test('events wait for a queue that is away, in order, across restarts, and land once', async () => {
  stand.hosts = { h1: [strategy({ id: 1 })] }
  const redis = { dsn: `127.0.0.1:${await freePort()}`, connTimeout: 300, readTimeout: 300 }
  const away = await start({ alarm: { ...stand.config().alarm, redis } })
  await untilRulesAreIn(away)
  const link = stand.link(away.ports.rpc ?? 0)
  for (const [ago, value] of [
    [180, 50],
    [120, 5],
    [60, 51],
  ] as const)
    await sendUntilTaken(link, 'm', [{ endpoint: 'h1', timestamp: now() - ago, value }])
  await vi.waitFor(async () => expect(await get(away, '/health?detail')).toContain('3 events wait for the queue'), 5000)
  await stop(away)

  for (let starts = 0; starts < 2; starts++) {
    const back = await start()
    await vi.waitFor(async () => expect(await statuses()).toHaveLength(3), 10_000)
    await stop(back)
  }
  expect(await statuses()).toEqual(['h1 PROBLEM 1 50', 'h1 OK 1 5', 'h1 PROBLEM 1 51'])
})

test('with alarm off nothing is sent, and explain says so', async () => {
  stand.hosts = { h1: [strategy({ id: 1 })] }
  const judge = await start({ alarm: { ...stand.config().alarm, enabled: false } })
  await untilRulesAreIn(judge)
  await sendUntilTaken(stand.link(judge.ports.rpc ?? 0), 'm', [{ endpoint: 'h1', timestamp: now(), value: 50 }])
  expect(await get(judge, '/explain/h1/m')).toContain('not sent because alarm.enabled is false')
  expect(await statuses()).toEqual([])
})

test('a deleted strategy closes its alarm within a pull', async () => {
  stand.hosts = { h1: [strategy({ id: 1 })], h2: [strategy({ id: 2 })] }
  const judge = await start()
  await untilRulesAreIn(judge)
  await sendUntilTaken(stand.link(judge.ports.rpc ?? 0), 'm', [{ endpoint: 'h1', timestamp: now(), value: 50 }])
  stand.hosts = { h2: [strategy({ id: 2 })] }
  await vi.waitFor(async () => expect(await statuses()).toEqual(['h1 PROBLEM 1 50', 'h1 OK 1 50']), 10_000)
})

test('a port that is taken stops the start with its address, and leaves nothing behind', async () => {
  const first = await start()
  const taken = `127.0.0.1:${first.ports.http}`
  await expect(start({ dir: join(stand.dir, 'other'), http: { listen: taken } })).rejects.toThrow(taken)
  await start({ dir: join(stand.dir, 'other') })
})
