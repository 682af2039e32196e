import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createLogger } from '#lib/log'
import { inSchema } from '#lib/sql'
import type { Database } from '#lib/sql'
import { formatEvent } from '#protocol'
import type { AlarmEvent } from '#protocol'
import { startAlarm } from './alarm.ts'
import { alarmConfig } from './config.ts'

// Texts hold local times.
process.env['TZ'] = 'UTC'

export const quiet = createLogger('test', { destination: { write: () => undefined } })

export interface Received {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An HTTP server that keeps what it gets. `answer` decides what it says; by default 200 and `ok`. */
export async function startSink(
  answer: (
    received: Received,
    earlier: readonly Received[],
  ) => { status?: number; body?: string; hang?: boolean } = () => ({}),
) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { url = '', method = '', headers } = request
      const one = { path: url, method, headers, body }
      const { status = 200, body: text = 'ok', hang = false } = answer(one, received)
      received.push(one)
      if (!hang) response.writeHead(status).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  return { received, port, url: (path: string) => `http://127.0.0.1:${port}${path}`, close }
}

/** As the recorded deployment: ops are alice and bob, dev is bob. */
export const people = {
  user: [
    { id: 2, name: 'alice', email: 'alice@example.com', phone: '10000000001', im: 'alice_im' },
    { id: 3, name: 'bob', email: 'bob@example.com', phone: '10000000002', im: 'bob_im' },
  ],
  team: [
    { id: 1, name: 'ops' },
    { id: 2, name: 'dev' },
  ],
  rel_team_user: [
    { tid: 1, uid: 2 },
    { tid: 1, uid: 3 },
    { tid: 2, uid: 3 },
  ],
}

export interface ActionRow {
  readonly id: number
  readonly uic: string
  readonly url?: string
  readonly callback?: number
  readonly before_callback_sms?: number
  readonly before_callback_mail?: number
  readonly after_callback_sms?: number
  readonly after_callback_mail?: number
}

/** Empties everything that alarm reads and writes, then puts in the people and these actions. */
export async function fillPortal(database: Database, actions: readonly ActionRow[]): Promise<void> {
  const on = (schema: 'falcon_portal' | 'uic' | 'alarms') => inSchema(database, schema)
  for (const table of ['events', 'event_note', 'event_cases'] as const) await on('alarms').deleteFrom(table).execute()
  for (const table of ['user', 'team', 'rel_team_user'] as const) await on('uic').deleteFrom(table).execute()
  const ours = ['falcon_event_queue', 'falcon_queue_producer', 'falcon_event_taken', 'falcon_alarm_event'] as const
  const more = [
    'falcon_dead_event',
    'falcon_case',
    'falcon_notice',
    'falcon_message',
    'falcon_try',
    'falcon_silence',
  ] as const
  for (const table of [...ours, ...more, 'action', 'alert_link'] as const)
    await on('falcon_portal').deleteFrom(table).execute()
  await on('uic').insertInto('user').values(people.user).execute()
  await on('uic').insertInto('team').values(people.team).execute()
  await on('uic').insertInto('rel_team_user').values(people.rel_team_user).execute()
  for (const action of actions) await on('falcon_portal').insertInto('action').values(action).execute()
}

/** A real alarm on a free port, stopped when the test ends. */
export async function startAlarmForTest(members: Record<string, unknown>, now: () => number = Date.now) {
  const dir = mkdtempSync(join(tmpdir(), 'falcon-alarm-'))
  const config = alarmConfig.parse({
    dir,
    http: { listen: '127.0.0.1:0' },
    reloadSeconds: 3600,
    ...members,
    intake: { pollMs: 10, ...(members['intake'] as object | undefined) },
    delivery: { pollMs: 20, firstPauseMs: 20, ...(members['delivery'] as object | undefined) },
  })
  const alarm = await startAlarm(config, quiet, join(dir, 'cfg.json'), now)
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await alarm.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  onTestFinished(stop)
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${alarm.ports.http}${path}`, init)
    const text = await response.text()
    return { status: response.status, text }
  }
  return {
    stop,
    ask,
    async data<T = Record<string, unknown>[]>(path: string, init?: RequestInit): Promise<T> {
      return (JSON.parse((await ask(path, init)).text) as { data: T }).data
    },
    async counts(): Promise<Record<string, number>> {
      const rows = (JSON.parse((await ask('/counter/all')).text) as { data: { Name: string; Cnt: number }[] }).data
      return Object.fromEntries(rows.map((row) => [row.Name, row.Cnt]))
    },
  }
}

export interface EventPlan {
  readonly id?: string
  readonly actionId?: number
  readonly priority?: number
  readonly status?: 'PROBLEM' | 'OK'
  readonly endpoint?: string
  readonly metric?: string
  readonly step?: number
  readonly time?: number
  readonly left?: number
  readonly note?: string
  readonly operator?: string
  readonly tags?: Record<string, string>
}

/** An event of a strategy, as judge makes it. */
export function eventOf(plan: EventPlan = {}): AlarmEvent {
  const { actionId = 1, priority = 0, status = 'PROBLEM', endpoint = 'h1', metric = 'cpu.idle', step = 1 } = plan
  const { time = 1_795_186_080, left = 3, note = 'cpu busy', operator = '<', tags = {} } = plan
  return {
    id: plan.id ?? `s_7_${endpoint}`,
    strategy: {
      id: 7,
      metric,
      tags: {},
      func: 'all(#3)',
      operator,
      rightValue: 5,
      maxStep: 3,
      priority,
      note,
      tpl: { id: 2, name: 'base', parentId: 0, actionId, creator: 'alice' },
    },
    expression: null,
    status,
    endpoint,
    leftValue: left,
    currentStep: step,
    eventTime: time,
    pushedTags: tags,
  }
}

export const jsonOf = (plan: EventPlan = {}) => formatEvent(eventOf(plan))

/** Asks until the condition holds; the test's own timeout ends it otherwise. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** A form as `tos` (sorted), `subject` and `content`. */
export function formOf({ path, body }: Received) {
  const form = new URLSearchParams(body)
  return {
    path,
    tos: (form.get('tos') ?? '').split(',').toSorted(),
    subject: form.get('subject'),
    content: form.get('content') ?? '',
  }
}
