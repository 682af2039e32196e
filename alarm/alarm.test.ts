import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openEventQueue } from '#lib/event-queue'
import { inSchema } from '#lib/sql'
import { openPortalStore, startRedis } from '../test/services/index.ts'
import type { PortalStore, PrivateRedis } from '../test/services/index.ts'
import { fillPortal, formOf, jsonOf, quiet, startAlarmForTest, startSink, until } from './alarm-stand.contract.ts'
import type { EventPlan } from './alarm-stand.contract.ts'

// A busy machine may take long to make the tables.
vi.setConfig({ testTimeout: 60_000 })

let mysql: PortalStore
let sqlite: PortalStore
let redis: PrivateRedis
beforeAll(async () => {
  ;[mysql, sqlite, redis] = await Promise.all([openPortalStore('mysql'), openPortalStore('sqlite'), startRedis()])
}, 120_000)
afterAll(() => Promise.all([mysql.remove(), sqlite.remove(), redis.remove()]))

const places = {
  'redis and mariadb': () => ({ store: mysql, redisAddress: redis.dsn }),
  'one sqlite file': () => ({ store: sqlite, redisAddress: '' }),
}

const teams = [
  { id: 1, uic: 'ops' },
  { id: 2, uic: 'dev' },
  { id: 3, uic: '' },
]

describe.each(Object.keys(places) as (keyof typeof places)[])('%s', (place) => {
  let { store, redisAddress } = {} as ReturnType<(typeof places)[keyof typeof places]>
  beforeEach(async () => {
    ;({ store, redisAddress } = places[place]())
    await fillPortal(store.database, teams)
    const client = await redis.connect()
    await client.flushall()
    client.disconnect()
  })

  const queueNow = () => {
    const place = redisAddress === '' ? { database: store.database } : { redis: { dsn: redisAddress } }
    const queue = openEventQueue({ ...place, queuePattern: 'event:p%v', log: quiet })
    onTestFinished(() => queue.close())
    return queue
  }
  let sequence = 0
  const push = (...plans: EventPlan[]) =>
    queueNow().push(
      'judge',
      plans.map((plan) => ({ sequence: ++sequence, priority: plan.priority ?? 0, json: jsonOf(plan) })),
    )
  const putText = async (text: string) => {
    if (redisAddress === '') return queueNow().push('judge', [{ sequence: ++sequence, priority: 0, json: text }])
    const client = await redis.connect()
    await client.lpush('event:p0', text)
    client.disconnect()
    return undefined
  }
  const started = (members: Record<string, unknown> = {}) =>
    startAlarmForTest({ database: store.dsn, redis: { addr: redisAddress }, ...members })
  const cases = () => inSchema(store.database, 'alarms').selectFrom('event_cases').selectAll().orderBy('id').execute()
  const eventRows = () => inSchema(store.database, 'alarms').selectFrom('events').selectAll().orderBy('id').execute()
  const api = (url: (path: string) => string) => ({
    api: { sms: url('/sms'), im: url('/wechat'), mail: url('/mail'), dashboard: 'http://d' },
  })

  test('an urgent event is recorded, told on all three channels, and gone from the queue', async () => {
    const sink = await startSink()
    const alarm = await started(api(sink.url))
    await push({ tags: { disk: 'sda' }, note: '磁盘' })
    await until(() => sink.received.length === 3)
    const text = '[P0][PROBLEM][h1][][磁盘 all(#3) cpu.idle disk=sda 3<5][O1 2026-11-20 14:48:00]'
    const mail =
      'PROBLEM\r\nP0\r\nEndpoint:h1\r\nMetric:cpu.idle\r\nTags:disk=sda\r\nall(#3): 3<5\r\nNote:磁盘\r\nMax:3, Current:1\r\n' +
      'Timestamp:2026-11-20 14:48:00\r\nhttp://d/portal/template/view/2\r\n'
    expect(sink.received.map(formOf).toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: '/mail', tos: ['alice@example.com', 'bob@example.com'], subject: text, content: mail },
      { path: '/sms', tos: ['10000000001', '10000000002'], subject: null, content: text },
      { path: '/wechat', tos: ['alice_im', 'bob_im'], subject: null, content: text },
    ])
    expect(await cases()).toMatchObject([
      {
        id: 's_7_h1',
        endpoint: 'h1',
        metric: 'cpu.idle/disk=sda',
        func: 'all(#3)',
        cond: '3 < 5',
        note: '磁盘',
        max_step: 3,
        current_step: 1,
        priority: 0,
        status: 'PROBLEM',
        timestamp: '2026-11-20 14:48:00',
        update_at: '2026-11-20 14:48:00',
        closed_at: null,
        tpl_creator: 'alice',
        expression_id: 0,
        strategy_id: 7,
        template_id: 2,
        process_status: 'unresolved',
      },
    ])
    expect(await eventRows()).toMatchObject([
      { event_caseId: 's_7_h1', step: 1, cond: '3 < 5', status: 0, timestamp: '2026-11-20 14:48:00' },
    ])
    await until(async () => (await alarm.data('/notices?state=sent')).length === 6)
    const [newest] = await alarm.data<{ message_id: string }[]>('/notices?person=alice&channel=mail&case=s_7_h1')
    expect(newest).toMatchObject({ person: 'alice', address: 'alice@example.com', tries: 1, failure: '' })
    expect(await alarm.data(`/messages/${newest?.message_id}`)).toMatchObject({
      receivers: ['alice@example.com', 'bob@example.com'],
      attempts: [{ outcome: 'sent', detail: 'ok' }],
      notices: [{ person: 'alice' }, { person: 'bob' }],
    })
    expect(Object.values(await alarm.data<Record<string, number>>('/queues')).every((waiting) => waiting === 0)).toBe(
      true,
    )
    expect(await alarm.counts()).toMatchObject({ 'events.taken': 1, 'events.recorded': 1, 'delivery.mail.sent': 1 })
  })

  test('the same event put on the queue twice is told once, also by another process', async () => {
    const sink = await startSink()
    const alarm = await started(api(sink.url))
    await putText(jsonOf())
    await putText(jsonOf())
    await until(async () => (await alarm.counts())['events.taken'] === 2)
    await alarm.stop()
    const another = await started(api(sink.url))
    await putText(jsonOf())
    await until(async () => (await another.counts())['events.repeated'] === 1)
    expect(sink.received).toHaveLength(3)
    expect(await eventRows()).toHaveLength(1)
  })

  test('what is no event is set aside with the reason and blocks nothing', async () => {
    const sink = await startSink()
    const alarm = await started(api(sink.url))
    await putText('{"id":')
    await putText('{"id":"x"}')
    await putText(jsonOf().replace('"status":"PROBLEM"', '"status":"MAYBE"'))
    await putText(jsonOf({ endpoint: 'h2' }))
    await until(() => sink.received.length === 3)
    expect(await alarm.counts()).toMatchObject({
      'events.malformed.json': 1,
      'events.malformed.status': 2,
      'events.recorded': 1,
    })
    const dead = await alarm.data<{ reason: string; event: string }[]>('/events/dead')
    expect(dead.map((one) => one.reason).toSorted()).toEqual(['json', 'status', 'status'])
    expect(dead.map((one) => one.event)).toContain('{"id":')
  })

  test('a case follows its events: steps, a recovery, a new problem; resolved and ignored fall back', async () => {
    const alarm = await started()
    const time = 1_795_186_080
    await push({ time }, { time: time + 300, step: 2, left: 1 })
    await until(async () => (await alarm.counts())['events.recorded'] === 2)
    expect(await cases()).toMatchObject([
      { current_step: 2, cond: '1 < 5', timestamp: '2026-11-20 14:48:00', update_at: '2026-11-20 14:53:00' },
    ])
    const alarms = inSchema(store.database, 'alarms')
    await alarms.updateTable('event_cases').set({ process_status: 'ignored', process_note: 5 }).execute()
    await push({ time: time + 600, status: 'OK', left: 50 })
    await until(async () => (await alarm.counts())['events.recorded'] === 3)
    expect(await cases()).toMatchObject([
      {
        status: 'OK',
        current_step: 1,
        timestamp: '2026-11-20 14:58:00',
        process_status: 'unresolved',
        process_note: 0,
      },
    ])
    await alarms.updateTable('event_cases').set({ process_status: 'in progress' }).execute()
    await push({ time: time + 900 })
    await until(async () => (await alarm.counts())['events.recorded'] === 4)
    expect(await cases()).toMatchObject([{ status: 'PROBLEM', process_status: 'in progress' }])
    expect((await eventRows()).map((row) => [row.step, row.status])).toEqual([
      [1, 0],
      [2, 0],
      [1, 1],
      [1, 0],
    ])
    // How long it lasted and how bad it got is kept with the recovery.
    const recovery = await inSchema(store.database, 'falcon_portal')
      .selectFrom('falcon_alarm_event')
      .select(['lasted', 'worst'])
      .where('event_key', 'like', '%/OK/%')
      .execute()
    expect(recovery).toEqual([{ lasted: 600, worst: 1 }])
  })

  test('texts longer than Open-Falcon’s columns and characters they do not hold are no obstacle', async () => {
    const sink = await startSink()
    await started(api(sink.url))
    const long = { endpoint: 'e'.repeat(300), metric: 'm'.repeat(400), note: `😀${'n'.repeat(600)}`, id: 's_7_long' }
    await push(long)
    await until(() => sink.received.length === 3)
    const [row] = await cases()
    expect([row?.endpoint.length, row?.metric.length, row?.note?.length]).toEqual([100, 200, 500])
    expect(formOf(sink.received[0] as never).content).toContain('😀')
  })

  test('nobody is told without action, team or channel, and the reason is counted', async () => {
    const sink = await startSink()
    const alarm = await started({ api: { mail: sink.url('/mail') } })
    await push({ endpoint: 'a', actionId: 0 }, { endpoint: 'b', actionId: 99 }, { endpoint: 'c', actionId: 3 })
    await until(async () => (await alarm.counts())['events.recorded'] === 3)
    expect(await alarm.counts()).toMatchObject({
      'untold.no action': 1,
      'untold.unknown action': 1,
      'untold.no team': 1,
    })
    expect(await cases()).toHaveLength(3)
    expect(sink.received).toEqual([])
  })

  test('an action made a moment ago is found; a person without an address is in the ledger', async () => {
    const sink = await startSink()
    const alarm = await started({ api: { sms: sink.url('/sms') } })
    await push({})
    await until(() => sink.received.length === 1)
    await inSchema(store.database, 'uic').updateTable('user').set({ phone: '' }).where('name', '=', 'bob').execute()
    await inSchema(store.database, 'falcon_portal')
      .insertInto('action')
      .values({ id: 50, uic: 'Ops , nobody' })
      .execute()
    await new Promise((resolve) => setTimeout(resolve, 0))
    await until(async () => {
      await push({ endpoint: `n${sequence}`, actionId: 50 })
      return sink.received.length > 1
    })
    expect(formOf(sink.received[1] as never).tos).toEqual(['10000000001'])
    expect(await alarm.data('/notices?state=unaddressed&limit=1')).toMatchObject([{ person: 'bob', channel: 'sms' }])
  })

  test('a provider that fails is asked again and holds up no other; the dead can be sent again', async () => {
    let broken = true
    const sink = await startSink(({ path }) => (path === '/sms' && broken ? { status: 500, body: 'no' } : {}))
    const alarm = await started({ ...api(sink.url), delivery: { tries: 3 } })
    await push({})
    await until(async () => (await alarm.counts())['delivery.sms.dead'] === 1)
    expect(sink.received.filter(({ path }) => path === '/sms')).toHaveLength(3)
    expect(sink.received.filter(({ path }) => path === '/mail')).toHaveLength(1)
    const [dead] = await alarm.data<{ id: string; failure: string }[]>('/messages?state=dead')
    expect(dead).toMatchObject({ channel: 'sms', tries: 3, failure: 'status 500: no' })
    expect(await alarm.data('/notices?state=dead')).toHaveLength(2)
    broken = false
    expect(await alarm.data(`/messages/${dead?.id}/resend`, { method: 'POST' })).toEqual({ resent: 1 })
    await until(async () => (await alarm.counts())['delivery.sms.sent'] === 1)
    expect(await alarm.data('/notices?channel=sms&state=sent')).toHaveLength(2)
    const { attempts } = await alarm.data<{ attempts: { outcome: string }[] }>(`/messages/${dead?.id}`)
    expect(attempts.map((one) => one.outcome)).toEqual(['retry', 'retry', 'dead', 'sent'])
  })

  test('mild events are merged for each person, with all bodies by mail and a link by message', async () => {
    const sink = await startSink()
    const alarm = await started({ ...api(sink.url), merge: { waitSeconds: 1 } })
    const mild = { priority: 4, actionId: 2 }
    await push({ endpoint: 'h1', ...mild }, { endpoint: 'h2', ...mild }, { endpoint: 'h3', ...mild, metric: 'df' })
    await until(() => sink.received.length === 4)
    const got = sink.received.map(formOf)
    const merged = got.find(({ subject }) => subject === '[P4][PROBLEM] 2 cpu.idle')
    expect(merged?.tos).toEqual(['bob@example.com'])
    expect(merged?.content.match(/Endpoint:h\d/g)).toEqual(['Endpoint:h1', 'Endpoint:h2'])
    const line = got.find(
      ({ path, content }) => path === '/wechat' && content.startsWith('[P4][PROBLEM] 2 cpu.idle e.g. h1 '),
    )
    expect(line?.tos).toEqual(['bob_im'])
    const [, path] = /http:\/\/d(\/portal\/links\/\w{16}) $/.exec(line?.content ?? '') ?? []
    expect((await alarm.ask(path ?? '')).text.split('\n').map((one) => one.slice(0, 17))).toEqual([
      '[P4][PROBLEM][h1]',
      '[P4][PROBLEM][h2]',
      '',
    ])
    // One alone is told as it is; no SMS for mild ones.
    expect(got.filter(({ content }) => content.includes('[h3]') || content.includes('Endpoint:h3'))).toHaveLength(2)
    expect(got.some(({ path }) => path === '/sms')).toBe(false)
  })

  test('a callback is called as Open-Falcon does it, with its notices before and after; a slow one delays nobody', async () => {
    const sink = await startSink(({ path }) => (path.startsWith('/slow') ? { hang: true } : {}))
    const around = { before_callback_sms: 1, before_callback_mail: 1, after_callback_sms: 1, after_callback_mail: 1 }
    await fillPortal(store.database, [
      { id: 1, uic: 'dev', callback: 1, url: sink.url('/call'), ...around },
      { id: 2, uic: 'dev', callback: 1, url: sink.url('/slow') },
    ])
    await started({ ...api(sink.url), merge: { waitSeconds: 3600 } })
    await push({ endpoint: 'x', actionId: 2 }, { tags: { b: '1', a: '2' }, priority: 5, left: 2.5000049 })
    await until(() => sink.received.filter(({ path }) => !path.startsWith('/slow')).length >= 10)
    const call = sink.received.find(({ path }) => path.startsWith('/call'))
    expect(call?.method).toBe('GET')
    expect(Object.fromEntries(new URL(call?.path ?? '', 'http://x').searchParams)).toEqual({
      endpoint: 'h1',
      metric: 'cpu.idle',
      status: 'PROBLEM',
      step: '1',
      priority: '5',
      time: '2026-11-20 14:48:00',
      tpl_id: '2',
      exp_id: '0',
      stra_id: '7',
      left_value: '2.5',
      tags: 'a:2,b:1',
    })
    const after = `curl ${sink.url('/call')} success. resp: ok`
    const told = sink.received.map(formOf).filter(({ content }) => content === after)
    expect(told.map(({ path, subject }) => `${path} ${subject}`).toSorted()).toEqual([
      `/mail ${after}`,
      '/sms null',
      '/wechat null',
    ])
    await sink.close()
  })
})
