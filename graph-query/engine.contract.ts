import { describe, expect, test } from 'vitest'
import type { SentSample, Stand } from './graph-query.contract.ts'

/** A graph-query with nothing stored, whose clock stands at `now`. */
export interface EngineStand {
  readonly stand: Stand
  /** Resolves when queries see all that was acknowledged. */
  settle(): Promise<void>
}

/** A minute of today: engines may refuse what is far from the real time. Unix seconds. */
export const base = Math.floor(Date.now() / 86_400_000) * 86_400 - 86_400
export const now = base + 30

const load = (timestamp: number, value: number, more: Partial<SentSample> = {}): SentSample => ({
  endpoint: 'h1',
  metric: 'load',
  timestamp,
  value,
  ...more,
})

/** What every engine that keeps the series must do, as transfers and clients of the HTTP port see it. */
export function engineContract(name: string, start: () => Promise<EngineStand>): void {
  async function startWith(samples: readonly SentSample[]): Promise<EngineStand> {
    const engine = await start()
    if (samples.length > 0) await engine.stand.send(samples)
    await engine.settle()
    return engine
  }

  async function history({ stand }: EngineStand, body: Record<string, unknown> = {}) {
    const asked = {
      hostnames: ['h1'],
      counters: ['load'],
      consol_fun: 'AVERAGE',
      start_time: base - 180,
      end_time: base,
    }
    return stand.post('/history', { ...asked, ...body })
  }

  async function valuesOf(engine: EngineStand, body: Record<string, unknown> = {}) {
    const [element] = (await history(engine, body)).json as { Values: { timestamp: number; value: number | null }[] }[]
    return element?.Values.map(({ timestamp, value }) => [timestamp - base, value])
  }

  describe(`engine ${name}`, () => {
    test('what is sent is acknowledged and answered with six decimals, and gaps are null', async () => {
      const engine = await start()
      const ack = await engine.stand.send([load(base - 180, 0.1), load(base - 60, 97.5), load(base, 1 / 3)])
      expect(ack).toEqual({ taken: 3, refused: 0 })
      await engine.settle()
      expect((await history(engine)).text).toBe(
        `[{"endpoint":"h1","counter":"load","dstype":"GAUGE","step":60,"Values":[` +
          `{"timestamp":${base - 180},"value":0.100000},{"timestamp":${base - 120},"value":null},` +
          `{"timestamp":${base - 60},"value":97.500000},{"timestamp":${base},"value":0.333333}]}]\n`,
      )
    })

    test('times are aligned to the step, ranges too, and the same sample sent again changes nothing', async () => {
      const engine = await startWith([load(base - 61, 1), load(base + 29, 2), load(base + 29, 2)])
      await engine.stand.send([load(base - 61, 1)])
      await engine.settle()
      expect(await valuesOf(engine)).toEqual([
        [-180, null],
        [-120, 1],
        [-60, null],
        [0, 2],
      ])
      expect(await valuesOf(engine, { start_time: base - 119, end_time: base - 1 })).toEqual([[-60, null]])
      expect(await valuesOf(engine, { start_time: base + 1, end_time: base + 59 })).toEqual([])
      expect(await valuesOf(engine, { start_time: base, end_time: base })).toEqual([])
    })

    test('counters are rates at the later point; a reset blanks its own step; a gap is averaged', async () => {
      const counter = (timestamp: number, value: number) => load(timestamp, value, { counterType: 'COUNTER' })
      const engine = await startWith([
        counter(base - 480, 6000),
        counter(base - 360, 6120),
        counter(base - 300, 6180),
        counter(base - 240, 60),
        counter(base - 180, 180),
        counter(base, 360),
      ])
      expect(await valuesOf(engine, { start_time: base - 420 })).toEqual([
        [-420, null],
        [-360, 1],
        [-300, 1],
        [-240, null],
        [-180, 2],
        [-120, null],
        [-60, null],
        [0, 1],
      ])
      expect(await valuesOf(engine, { start_time: base - 360, end_time: base - 300 })).toEqual([
        [-360, 1],
        [-300, 1],
      ])
    })

    test('a chart with fewer points than steps gets coarser rows: average, maximum, minimum of what is known', async () => {
      const samples = Array.from({ length: 60 }, (_, i) => load(base - 3600 + (i + 1) * 60, i)).filter(
        ({ value }) => value < 20 || value > 23,
      )
      const engine = await startWith(samples)
      // Two hours of 60 s do not fit, of 300 s they do.
      const body = {
        counters: Array.from({ length: 30 }, (_, i) => (i === 0 ? 'load' : `none${i}`)),
        start_time: base - 7200,
      }
      const rows = async (consol_fun: string) =>
        (await valuesOf(engine, { ...body, consol_fun }))?.filter(
          ([time]) => Number(time) > -2700 && Number(time) <= -2100,
        )
      expect(await rows('AVERAGE')).toEqual([
        [-2400, 17],
        [-2100, 24],
      ])
      expect(await rows('MAX')).toEqual([
        [-2400, 19],
        [-2100, 24],
      ])
      expect(await rows('MIN')).toEqual([
        [-2400, 15],
        [-2100, 24],
      ])
    })

    test('a counter that changes its step and type shows each in its time, and today what is sent today', async () => {
      const engine = await startWith([
        load(base - 240, 1),
        load(base - 180, 2),
        load(base - 90, 30, { step: 30, counterType: 'COUNTER' }),
        load(base - 60, 60, { step: 30, counterType: 'COUNTER' }),
        load(base, 180, { step: 30, counterType: 'COUNTER' }),
      ])
      const answer = await history(engine, { start_time: base - 240 })
      expect(answer.json).toMatchObject([{ dstype: 'DERIVE', step: 30 }])
      const known = (await valuesOf(engine, { start_time: base - 240 }))?.filter(([, value]) => value !== null)
      expect(known).toEqual([
        [-240, 1],
        [-180, 2],
        [-60, 1],
        [0, 2],
      ])
      const found = await engine.stand.get('/endpoint?q=h1')
      const [endpoint] = found.json as { id: number }[]
      expect((await engine.stand.get(`/endpoint_counter?eid=${endpoint?.id}`)).json).toEqual([
        { counter: 'load', endpoint_id: endpoint?.id, step: 30, type: 'DERIVE' },
      ])
    })

    test('unknown series are left out, or empty when the call names a step', async () => {
      const engine = await startWith([load(base, 1)])
      const body = { hostnames: ['h1', 'h9'], counters: ['load', 'none'] }
      const names = async (more: object) =>
        ((await history(engine, { ...body, ...more })).json as { endpoint: string; counter: string }[]).map(
          ({ endpoint, counter }) => `${endpoint} ${counter}`,
        )
      expect(await names({})).toEqual(['h1 load'])
      expect(await names({ step: 60 })).toEqual(['h1 load', ' ', ' ', ' '])
    })

    test('last points: the value of a gauge, the rate of a counter if its points are neighbours', async () => {
      const counter = (metric: string, timestamp: number, value: number) =>
        load(timestamp, value, { metric, counterType: 'COUNTER' })
      const { stand } = await startWith([
        load(base - 60, 7),
        load(base, 42.5),
        load(base - 5 * 86_400, 5, { metric: 'silent' }),
        counter('steady', base - 60, 60),
        counter('steady', base, 180),
        counter('reset', base - 60, 60),
        counter('reset', base, 0),
        counter('gap', base - 120, 60),
        counter('gap', base, 180),
        counter('alone', base, 1),
        load(base, 3, { metric: 'ahead' }),
        load(base + 7200, 9, { metric: 'ahead' }),
      ])
      const counters = ['load', 'silent', 'steady', 'reset', 'gap', 'alone', 'unknown', 'ahead']
      const answer = await stand.post(
        '/lastpoint',
        counters.map((counterName) => ({ endpoint: 'h1', counter: counterName })),
      )
      const none = { timestamp: 0, value: 0 }
      expect((answer.json as { value: unknown }[]).map(({ value }) => value)).toEqual([
        { timestamp: base, value: 42.5 },
        { timestamp: base - 5 * 86_400, value: 5 },
        { timestamp: base, value: 2 },
        { timestamp: base, value: 0 },
        none,
        none,
        none,
        { timestamp: base, value: 3 },
      ])
    })

    test('endpoints and counters are found by regular expressions, negation, parts and pages', async () => {
      const hosts = ['db1.example', 'web1.example', 'web2.example']
      const { stand } = await startWith(
        hosts.flatMap((endpoint) => [
          load(base, 1, { endpoint, metric: 'cpu.busy' }),
          load(base, 1, { endpoint, metric: 'cpu.idle' }),
          load(base - 60, 1, {
            endpoint,
            metric: 'net.in',
            tags: `iface=${endpoint.startsWith('db') ? 'bond0' : 'eth0'}`,
          }),
        ]),
      )
      const endpoints = async (query: string) =>
        ((await stand.get(`/endpoint?${query}`)).json as { endpoint: string }[]).map(({ endpoint }) => endpoint)
      expect((await endpoints('q=.')).toSorted()).toEqual(hosts)
      expect((await endpoints('q=WEB')).toSorted()).toEqual(hosts.slice(1))
      expect(await endpoints('q=^(web|db)1 example$ db')).toEqual([hosts[0]])
      expect(await endpoints('tags=net.in,iface=BOND0')).toEqual([hosts[0]])
      expect(await endpoints('q=web&tags=bond0')).toEqual([])
      expect(await endpoints('tags=net.in,cpu')).toEqual([])
      const paged = [...(await endpoints('q=.&limit=2&page=1')), ...(await endpoints('q=.&limit=2&page=2'))]
      expect(paged.toSorted()).toEqual(hosts)
      expect(await stand.get('/endpoint?q=(')).toMatchObject({ status: 400 })
      const [db] = (await stand.get('/endpoint?q=db')).json as { id: number }[]
      const counters = async (query: string) =>
        ((await stand.get(`/endpoint_counter?eid=${db?.id}${query}`)).json as { counter: string }[])
          .map(({ counter }) => counter)
          .toSorted()
      expect(await counters('')).toEqual(['cpu.busy', 'cpu.idle', 'net.in/iface=bond0'])
      expect(await counters('&metricQuery=cpu !idle')).toEqual(['cpu.busy'])
      expect(await counters('&metricQuery=BOND')).toEqual(['net.in/iface=bond0'])
      expect(await counters('&limit=2&page=2')).toHaveLength(1)
      expect((await stand.get('/endpoint_counter?eid=12345')).json).toEqual([])
      const known = await stand.get(`/endpointobj?endpoints=${hosts[1]}&endpoints=nobody&deadline=${base}`)
      expect(known.json).toMatchObject([{ endpoint: hosts[1], ts: base }])
      expect((await stand.get(`/endpointobj?endpoints=${hosts[1]}&deadline=${base + 1}`)).json).toEqual([])
    })

    test('names with brackets, dots, blanks and odd tags are found as they are', async () => {
      const odd = [
        { endpoint: 'a.b', metric: 'm(1)', tags: 'k=' },
        { endpoint: 'a.b', metric: 'm(1)', tags: '' },
        { endpoint: 'a.b', metric: 'x/y', tags: 'endpoint=e,step=9,type=t' },
        { endpoint: 'aXb', metric: 'ü|日本', tags: '=v,path=/a=b' },
        {
          endpoint: 'back\\slash',
          metric: '[a]*+?',
          tags: Array.from({ length: 40 }, (_, i) => `k${i + 10}=v`).join(','),
        },
      ]
      const engine = await startWith(odd.map((name, i) => load(base, i + 1, name)))
      for (const [i, { endpoint, metric, tags }] of odd.entries()) {
        const counter = tags === '' ? metric : `${metric}/${tags}`
        const answer = await history(engine, { hostnames: [endpoint], counters: [counter], start_time: base - 1 })
        expect(answer.json, counter).toMatchObject([{ endpoint, counter, Values: [{ value: i + 1 }] }])
      }
      const gone = await engine.stand.post('/counter', { endpoints: ['a.b'], counters: ['m(1)'] }, 'DELETE')
      expect(gone.json).toEqual({ affected_counter: 1 })
      await engine.settle()
      const kept = await history(engine, {
        hostnames: ['a.b', 'aXb'],
        counters: ['m(1)/k=', 'm(1)', 'ü|日本/=v,path=/a=b'],
      })
      expect((kept.json as unknown[]).length).toBe(2)
    })

    test('deletion answers how much went; what is still sent comes back with its new points only', async () => {
      const engine = await startWith([
        load(base - 60, 1),
        load(base, 1, { metric: 'mem' }),
        load(base - 60, 1, { endpoint: 'h2' }),
      ])
      const { stand } = engine
      const deleted = await stand.post('/counter', { endpoints: ['h1', 'h2'], counters: ['mem'] }, 'DELETE')
      expect(deleted.json).toEqual({ affected_counter: 1 })
      expect((await stand.post('/endpoint', ['h2', 'h3'], 'DELETE')).json).toEqual({
        affected_counter: 1,
        affected_endpoint: 1,
      })
      await engine.settle()
      expect((await stand.get('/endpoint?q=.')).json).toMatchObject([{ endpoint: 'h1' }])
      expect((await stand.post('/counter', { endpoints: [], counters: ['mem'] }, 'DELETE')).json).toEqual({
        affected_counter: 0,
      })
      await stand.send([load(base, 8, { endpoint: 'h2' })])
      await engine.settle()
      expect(await valuesOf(engine, { hostnames: ['h2'], start_time: base - 60 })).toEqual([
        [-60, null],
        [0, 8],
      ])
    })

    test('infinity is null in answers; every received sample ends in one count', async () => {
      const engine = await startWith([load(base - 60, Infinity), load(base - 120, -Infinity)])
      const ack = await engine.stand.send([
        load(base, 1),
        load(base, NaN),
        load(base - 40 * 86_400, 1),
        load(base + 2 * 86_400, 1),
        load(base, 1, { endpoint: "it's" }),
        load(base, 1, { metric: 'a\tb' }),
      ])
      expect(ack).toEqual({ taken: 1, refused: 5 })
      await engine.settle()
      expect(await valuesOf(engine, { start_time: base - 120 })).toEqual([
        [-120, null],
        [-60, null],
        [0, 1],
      ])
      const rows = (await engine.stand.get(`${engine.stand.internalUrl}/counter/all`)).json as {
        Name: string
        Cnt: number
      }[]
      expect(Object.fromEntries(rows.map(({ Name, Cnt }) => [Name, Cnt]))).toMatchObject({
        GraphRpcRecvCnt: 8,
        StoredCnt: 3,
        ReturnedCnt: 0,
        'Refused.nan': 1,
        'Refused.old': 1,
        'Refused.future': 1,
        'Refused.name': 2,
      })
    })
  })
}
