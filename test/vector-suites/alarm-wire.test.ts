import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEvent } from '../../alarm/events/read-event.ts'
import { ruleOf } from '../../alarm/events/rule-of.ts'
import { shortText } from '../../alarm/events/event-text.ts'
import { fillPortal, formOf, startAlarmForTest, startSink, until } from '../../alarm/alarm-stand.contract.ts'
import type { ActionRow } from '../../alarm/alarm-stand.contract.ts'
import { applySchema, inSchema, openDatabase } from '#lib/sql'
import { startRedis } from '../services/index.ts'
import type { PrivateRedis } from '../services/index.ts'
import { loadVectors } from './load.ts'

interface Portal {
  readonly action: readonly ActionRow[]
  readonly user: readonly { id: number; name: string; email: string; phone: string; im: string }[]
  readonly team: readonly { id: number; name: string }[]
  readonly rel_team_user: readonly { tid: number; uid: number }[]
}
interface Command {
  readonly command: readonly string[]
  readonly reply: unknown
}
interface Exchange {
  readonly request: string
}

const portal = loadVectors<Portal>('wire/portal.json')
const queued = loadVectors<{ events: { queue: string; event: string }[] }>('wire/redis-events.json').events
const { commands } = loadVectors<{ commands: Command[] }>('wire/alarm-redis.json')
const { exchanges } = loadVectors<{ exchanges: Exchange[] }>('wire/alarm-senders.json')

/** Oldest first: the lists were read with their newest first, and alarm had taken some events before. */
const events = [
  ...commands.flatMap(({ command, reply }) =>
    command[0] === 'BRPOP' && Array.isArray(reply) ? [{ queue: String(reply[0]), event: String(reply[1]) }] : [],
  ),
  ...queued.toReversed(),
].filter((one, i, all) => all.findIndex((other) => other.event === one.event) === i)

let redis: PrivateRedis
beforeAll(async () => {
  redis = await startRedis()
}, 120_000)
afterAll(() => redis.remove())

test('every recorded event of a judge is read as one', () => {
  expect(events.length).toBeGreaterThan(0)
  for (const { event } of events) expect([event, readEvent(event).ok]).toEqual([event, true])
})

test('the recorded events make the recorded texts for the recorded receivers, on the same provider paths', async () => {
  const callbackUrl = portal.action.find((action) => action.callback === 1)?.url ?? ''
  const sink = await startSink()
  const local = (text: string) => text.replaceAll(callbackUrl, sink.url('/callback'))
  const folder = mkdtempSync(join(tmpdir(), 'falcon-wire-'))
  const database = openDatabase(`sqlite:${join(folder, 'falcon.db')}`)
  await applySchema(database)
  await fillPortal(
    database,
    portal.action.map((action) => ({ ...action, url: local(action.url ?? '') })),
  )
  for (const table of ['user', 'team', 'rel_team_user'] as const) {
    await inSchema(database, 'uic').deleteFrom(table).execute()
    await inSchema(database, 'uic')
      .insertInto(table)
      .values([...portal[table]])
      .execute()
  }
  const client = await redis.connect()
  for (const { queue, event } of events) await client.lpush(queue, event)
  client.disconnect()

  // An old alarm's own file.
  const alarm = await startAlarmForTest({
    log_level: 'debug',
    redis: { addr: redis.dsn, maxIdle: 5, userIMQueue: '/queue/user/im', userSmsQueue: '/queue/user/sms' },
    api: {
      im: sink.url('/wechat'),
      sms: sink.url('/sms'),
      mail: sink.url('/mail'),
      dashboard: 'http://127.0.0.1:8081',
      plus_api: 'http://127.0.0.1:8080',
      plus_api_token: 'default-token-used-in-server-side',
    },
    falcon_portal: { addr: `sqlite:${join(folder, 'falcon.db')}`, idle: 10, max: 100 },
    worker: { im: 10, sms: 10, mail: 50 },
  })
  await until(async () => (await alarm.counts())['events.recorded'] === events.length)
  const dueNow = async () => (await alarm.data<{ messages: Record<string, number> }>('/states')).messages['due'] ?? 0
  await until(async () => (await dueNow()) === 0)

  const got = new Set(sink.received.filter(({ method }) => method === 'POST').map((one) => JSON.stringify(formOf(one))))
  const texts = new Set(events.map(({ event }) => shortTextOf(event)))
  const urgent = new Set(events.filter(({ event }) => priorityOf(event) < 3).map(({ event }) => shortTextOf(event)))
  let compared = 0
  for (const { path, tos, subject, content } of recordedMessages()) {
    const headline = subject ?? content
    const told = headline.startsWith('curl ') || urgent.has(headline) || (texts.has(headline) && tos.length > 1)
    // What one person got of mild events depends on what was merged in that minute.
    if (!told) continue
    compared++
    const wanted = { path, tos, subject: subject && local(subject), content: local(content) }
    expect([...got]).toContain(JSON.stringify(wanted))
  }
  expect(compared).toBeGreaterThan(0)
  await alarm.stop()
  await database.close()
  rmSync(folder, { recursive: true })
})

function shortTextOf(text: string): string {
  const read = readEvent(text)
  return read.ok ? shortText(read.value) : ''
}

function priorityOf(text: string): number {
  const read = readEvent(text)
  return read.ok ? ruleOf(read.value).priority : -1
}

/** What Open-Falcon's alarm posted, and what it put on its lists for posting. */
function recordedMessages() {
  const paths: Record<string, string> = { '/sms': '/sms', '/im': '/wechat', '/mail': '/mail' }
  const listed = commands.flatMap(({ command: [name, list = '', text = ''] }) => {
    const path = paths[list]
    if (name !== 'LPUSH' || path === undefined) return []
    const { tos, subject, content } = JSON.parse(text) as { tos: string; subject?: string; content: string }
    return [{ path, tos: tos.split(',').toSorted(), subject: subject ?? null, content }]
  })
  const posted = exchanges.map(({ request }) => {
    const [head = '', body = ''] = request.split('\r\n\r\n')
    return formOf({ path: head.split(' ')[1] ?? '', method: 'POST', headers: {}, body })
  })
  return [...listed, ...posted]
}
