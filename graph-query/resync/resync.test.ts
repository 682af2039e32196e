import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLinkClient } from '#lib/link'
import { quiet, startStand, temporaryDir } from '../graph-query.contract.ts'
import type { SentSample, Stand } from '../graph-query.contract.ts'
import { freePorts } from '../reader/free-ports.contract.ts'
import { runStoreCommand } from '../store-commands.ts'
import { readMark, writeMark } from './history-mark.ts'

// Nodes wait for each other, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const minutes = 3000
const base = Math.floor(Date.now() / 60_000) * 60
const first = base - minutes * 60

interface Pair {
  readonly ports: readonly number[]
  readonly cluster: Record<string, string>
  /** A node whose link has the port of this number. */
  start(which: number, dir: string, more?: object, storage?: object): Promise<Stand>
}

/** A node "g" with several copies. `addresses` may put something between them. */
async function copies(count: number, addresses?: (ports: readonly number[]) => readonly string[]): Promise<Pair> {
  const ports = await freePorts(2 * count)
  const at = ports.slice(0, count).map((port) => `127.0.0.1:${port}`)
  const cluster = { g: (addresses?.(ports) ?? at).join(',') }
  return {
    ports,
    cluster,
    start: (which, dir, more = {}, storage = {}) =>
      startStand({
        config: {
          rpc: { listen: at[which] },
          http: { listen: `127.0.0.1:${ports[count + which]}` },
          storage: { dir, maintainMs: 50, resyncWaitSeconds: 1, ...storage },
          node: 'g',
          cluster,
          callTimeout: 3000,
          ...more,
        },
      }),
  }
}

const samples = (from: number, to: number, metric = 'm'): SentSample[] =>
  Array.from({ length: to - from }, (_, i) => ({
    endpoint: 'h',
    metric,
    timestamp: first + (from + i) * 60,
    value: from + i,
  }))

/** What a node's own store has, as another graph would be told. */
async function own(stand: Stand, metric = 'm'): Promise<(number | null)[]> {
  const answer = (await stand.client.call('graph.history', {
    endpoint: 'h',
    counter: metric,
    consolidation: 'AVERAGE',
    start: first,
    end: base - 60,
    width: 1,
    mostPoints: 1e6,
  })) as { runs: { values: string }[] } | null
  const values = Buffer.from(answer?.runs[0]?.values ?? '', 'base64')
  return Array.from({ length: values.length / 8 }, (_, i) => {
    const value = values.readDoubleLE(i * 8)
    return Number.isNaN(value) ? null : value
  })
}

const all = Array.from({ length: minutes }, (_, i) => i)
const health = async (stand: Stand) =>
  (await stand.get(`${stand.internalUrl}/health?detail`)).json as { status: string; notices: string[] }
const counter = async (stand: Stand, name: string) =>
  ((await stand.get(`${stand.internalUrl}/counter/all`)).json as { Name: string; Cnt: number }[]).find(
    (row) => row.Name === name,
  )?.Cnt

async function segmentsIn(dir: string): Promise<void> {
  await vi.waitFor(
    () => expect(readdirSync(join(dir, 'step-60')).some((name) => name.startsWith('5-'))).toBe(true),
    20_000,
  )
}

test('a copy with a new disk has all history by itself, raw and archived; its ledger counts none of it as received', async () => {
  const pair = await copies(2)
  const [dirA, dirB] = [temporaryDir(), temporaryDir()]
  const [a, b] = await Promise.all([pair.start(0, dirA), pair.start(1, dirB)])
  // Two empty ones that start together do not wait, and miss nothing.
  expect(await health(a)).toEqual({ status: 'ok', notices: [] })
  await a.send(samples(0, minutes - 10))
  await segmentsIn(dirA)
  await a.send(samples(minutes - 10, minutes))
  await b.graph.stop()
  rmSync(dirB, { recursive: true })
  // As a new disk that is mounted there.
  mkdirSync(dirB)

  const wiped = await pair.start(1, dirB)
  await a.graph.stop()
  expect(await own(wiped)).toEqual(all)
  expect(readdirSync(join(dirB, 'step-60')).some((name) => name.startsWith('5-'))).toBe(true)
  expect(await health(wiped)).toEqual({ status: 'ok', notices: [] })
  expect(await counter(wiped, 'GraphRpcRecvCnt')).toBe(0)
  expect(await counter(wiped, 'ResyncTakenBytes')).toBeGreaterThan(1000)
  expect(readdirSync(dirB)).not.toContain('resync')
})

test('while it has no store, a node says so, and turns samples and questions away', async () => {
  const pair = await copies(2)
  const dir = temporaryDir()
  // Nobody is at the other address, so it waits.
  const starting = pair.start(0, dir, {}, { resyncWaitSeconds: 3 })
  const transfer = createLinkClient({
    addresses: [`127.0.0.1:${pair.ports[0]}`],
    module: 'transfer',
    connectTimeoutMs: 1000,
    ackTimeoutMs: 1000,
    log: quiet,
  })
  onTestFinished(() => transfer.close())
  const url = `http://127.0.0.1:${pair.ports[2]}/health`
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(503), 10_000)
  const waiting = new RegExp(`^waiting for 127.0.0.1:${pair.ports[1]}, which may have its history$`)
  await vi.waitFor(async () => expect(await (await fetch(url)).text()).toMatch(waiting), 3000)
  expect(await (await fetch(`${url}?detail`)).json()).toMatchObject({
    status: 'starting',
    notices: [expect.stringMatching(waiting)],
  })
  await vi.waitFor(() => expect(transfer.lastError).toMatch(/refused: it is waiting for/), 3000)

  const stand = await starting
  expect((await health(stand)).notices).toEqual([
    expect.stringMatching(/^History from before .* is missing: 127\.0\.0\.1:\d+ gave no copy at the start/),
  ])
  expect(readMark(dir).missing).toMatchObject([{ address: `127.0.0.1:${pair.ports[1]}` }])
  await vi.waitFor(() => expect(transfer.connected).toBe(true), 10_000)
})

test('a node that had to start empty is told when a copy has more, takes it at its next start, and keeps what it took itself', async () => {
  const pair = await copies(2)
  const [dirA, dirB] = [temporaryDir(), temporaryDir()]
  const before = await pair.start(0, dirA)
  await before.send(samples(0, 2900))
  await before.graph.stop()
  // As a store from before there were marks.
  rmSync(join(dirA, 'history.json'))

  const empty = await pair.start(1, dirB)
  await empty.send(samples(2900, minutes))
  await empty.send(samples(0, minutes, 'only here'))
  const a = await pair.start(0, dirA)
  await vi.waitFor(
    async () => expect((await health(empty)).notices).toEqual([expect.stringMatching(/has it: restart/)]),
    {
      timeout: 20_000,
      interval: 100,
    },
  )
  await empty.graph.stop()
  const again = await pair.start(1, dirB)
  await a.graph.stop()
  expect(await own(again)).toEqual(all)
  expect(await own(again, 'only here')).toEqual(all)
  expect(await counter(again, 'ResyncOwnSamplesCnt')).toBeGreaterThanOrEqual(minutes + 100)
  expect(await health(again)).toEqual({ status: 'ok', notices: [] })
  for (const name of ['resync', 'before-resync']) expect(readdirSync(dirB)).not.toContain(name)
})

test('an operator may have a copy that has holes copied anew; what only it has is kept', async () => {
  const pair = await copies(2)
  const [dirA, dirB] = [temporaryDir(), temporaryDir()]
  const [a, b] = await Promise.all([pair.start(0, dirA), pair.start(1, dirB)])
  await a.send(samples(0, minutes))
  await b.send([...samples(0, 100), ...samples(2500, minutes)])
  await b.send(samples(0, 10, 'only here'))
  const config = join(temporaryDir(), 'cfg.json')
  const rpc = { listen: `127.0.0.1:${pair.ports[1]}` }
  writeFileSync(config, JSON.stringify({ rpc, storage: { dir: dirB }, node: 'g', cluster: pair.cluster }))
  const want = () => runStoreCommand(['resync', '--config', config])
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const complained = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => {
    said.mockRestore()
    complained.mockRestore()
  })
  expect(await want()).toBe(1)
  expect(complained.mock.calls.join()).toContain('another running process uses it')
  await b.graph.stop()
  // As a store from before there were marks, whose archives may reach back years.
  rmSync(join(dirB, 'history.json'))
  expect(await want()).toBe(0)
  expect(said.mock.calls.join()).toContain(`copies the store of 127.0.0.1:${pair.ports[0]}`)

  const again = await pair.start(1, dirB)
  await a.graph.stop()
  expect(await own(again)).toEqual(all)
  expect((await own(again, 'only here')).slice(0, 10)).toEqual(all.slice(0, 10))
  expect(await health(again)).toEqual({ status: 'ok', notices: [] })
  expect(readMark(dirB).wanted).toBeUndefined()
  const [kept = ''] = readdirSync(dirB).filter((name) => name.startsWith('taken-in-'))
  expect(readdirSync(join(dirB, kept))).toContain('series.log')
})

test('a copy that is yet to open its store is waited for, not taken for empty', async () => {
  const pair = await copies(2)
  const [dirA, dirB] = [temporaryDir(), temporaryDir()]
  const a = await pair.start(0, dirA)
  await a.send(samples(0, minutes))
  await a.graph.stop()
  // It has a store, wants another, and so is in its waiting room when it is asked.
  await writeMark(dirA, { begins: 0, missing: [], wanted: true })
  const [, b] = await Promise.all([
    pair.start(0, dirA, {}, { resyncWaitSeconds: 3 }),
    pair.start(1, dirB, {}, { resyncWaitSeconds: 30 }),
  ])
  expect(await own(b)).toEqual(all)
})

test('when no copy has more, history is not called missing any longer', async () => {
  const pair = await copies(2)
  const dirA = temporaryDir()
  const a = await pair.start(0, dirA)
  expect((await health(a)).notices).toHaveLength(1)
  await a.send(samples(0, 5))
  const b = await pair.start(1, temporaryDir())
  expect((await own(b)).slice(0, 5)).toEqual([0, 1, 2, 3, 4])
  await vi.waitFor(async () => expect((await health(a)).notices).toEqual([]), { timeout: 20_000, interval: 100 })
  expect(readMark(dirA).missing).toEqual([])
})

test('without the token a node gets no copy, starts empty and says why', async () => {
  const pair = await copies(2)
  const [dirA, dirB] = [temporaryDir(), temporaryDir()]
  const a = await pair.start(0, dirA, { token: 'right' })
  await a.send(samples(0, 5))
  const b = await pair.start(1, dirB, { token: 'wrong' })
  expect(await own(b)).toEqual([])
  expect((await health(b)).notices).toEqual([
    expect.stringMatching(/gave no copy at the start \(the graphs of a cluster must have one token\)/),
  ])
})

/** Passes bytes on to a port until so many have come from there; then it hangs up, each time. */
async function relay(port: number, bytes: () => number): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    let left = bytes()
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.push(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.on('data', (chunk: Buffer) => {
        if (from === far && (left -= chunk.length) < 0) from.destroy()
        else to.write(chunk)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a sibling that is lost again and again in the middle is asked again, and the copy is whole', async () => {
  const allowance = { bytes: 10_000, connections: 0 }
  const ports = await freePorts(1)
  const between = await relay(ports[0] ?? 0, () => {
    allowance.connections++
    return (allowance.bytes *= 2)
  })
  const dir = temporaryDir()
  const config = { rpc: { listen: `127.0.0.1:${ports[0]}` }, storage: { dir, maintainMs: 50 } }
  const sibling = await startStand({ config })
  await sibling.send(samples(0, minutes))
  await sibling.send(samples(0, minutes, 'other'))
  await segmentsIn(dir)

  const [own1 = 0] = await freePorts(1)
  const stand = await startStand({
    config: {
      rpc: { listen: `127.0.0.1:${own1}` },
      storage: { dir: temporaryDir(), resyncWaitSeconds: 30 },
      node: 'g',
      cluster: { g: `127.0.0.1:${own1},${between}` },
    },
  })
  expect(allowance.connections).toBeGreaterThan(1)
  expect(await own(stand)).toEqual(all)
  expect(await own(stand, 'other')).toEqual(all)
})

test('a store that is there is not touched, and nobody is asked', async () => {
  const pair = await copies(2)
  const dir = temporaryDir()
  const stand = await startStand({ config: { storage: { dir } } })
  await stand.send(samples(0, 5))
  await stand.graph.stop()
  const copy = await pair.start(0, dir, {}, { resyncWaitSeconds: 3600 })
  expect((await own(copy)).slice(0, 5)).toEqual([0, 1, 2, 3, 4])
  expect(existsSync(join(dir, 'history.json'))).toBe(false)
})

test('a mark that cannot be read stops the start instead of being taken for none', async () => {
  const pair = await copies(2)
  const dir = temporaryDir()
  mkdirSync(join(dir, 'wal'))
  writeFileSync(join(dir, 'history.json'), '{"begins":')
  await expect(pair.start(0, dir)).rejects.toThrow(/^Cannot read .*history\.json/)
  expect(readFileSync(join(dir, 'history.json'), 'utf8')).toBe('{"begins":')
})
