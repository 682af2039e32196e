import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCounters } from '#lib/counters'
import { listenLink } from '#lib/link'
import type { LinkAck } from '#lib/link'
import { createLogger } from '#lib/log'
import type { Reload } from '#lib/module'
import type { Series } from '#protocol'
import { transferConfig } from '../../transfer/config.ts'
import type { TransferConfig } from '../../transfer/config.ts'
import { startTransfer } from '../../transfer/transfer.ts'

/** One sample as a peer received it. */
export interface Arrived {
  readonly series: Series
  readonly timestamp: number
  readonly value: number
}

/** A real link peer that remembers what it got. */
export interface Peer {
  readonly port: number
  /** What arrived since the last call. */
  taken(): Arrived[]
  close(): Promise<void>
}

const silent = () => createLogger('stand', { destination: { write: () => undefined } })

/** Acknowledges at once unless `take` answers otherwise; what `take` rejects does not count as arrived. */
export async function startPeer(
  options: { port?: number; take?: (count: number) => LinkAck | Promise<LinkAck> } = {},
): Promise<Peer> {
  const { port = 0, take = (count: number) => ({ taken: count, refused: 0 }) } = options
  let arrived: Arrived[] = []
  const server = await listenLink<Series>({
    listen: `127.0.0.1:${port}`,
    module: 'stand',
    handler: {
      define: (series) => series,
      async take({ count, slots, timestamps, values }) {
        const answer = await take(count)
        for (let i = 0; i < count; i++) {
          const series = slots[i]
          if (series) arrived.push({ series, timestamp: timestamps[i] ?? Number.NaN, value: values[i] ?? Number.NaN })
        }
        return answer
      },
    },
    log: silent(),
    counters: createCounters(),
  })
  return {
    port: server.port,
    taken() {
      const taken = arrived
      arrived = []
      return taken
    },
    close: () => server.close(),
  }
}

/** A free port that nobody listens on, until somebody does. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The real transfer on free ports. */
export interface TransferStand {
  readonly ports: { readonly rpc: number; readonly http: number; readonly socket: number }
  /** The `data` of an answer of its HTTP port. */
  readonly get: (path: string) => Promise<unknown>
  /** A count or gauge, as `/counter/all` shows it. */
  readonly counter: (name: string) => Promise<number>
  readonly reload: (config: TransferConfig) => Promise<Reload>
  readonly stop: () => Promise<void>
}

export interface StandOptions {
  /** Its clock, in unix seconds; the machine's unless given. */
  readonly nowSeconds?: () => number
  /** Members of the configuration; listeners and the spool folder are always the stand's own. */
  readonly members?: Record<string, unknown>
  readonly clusters: { readonly judge: Record<string, string>; readonly graph: Record<string, string> }
  /** Where the spools are. */
  readonly dir: string
}

export function standConfig({ members = {}, clusters, dir }: StandOptions): TransferConfig {
  const section = (name: string) => Object(members[name]) as object
  const listen = '127.0.0.1:0'
  return transferConfig.parse({
    ...members,
    http: { ...section('http'), listen },
    rpc: { ...section('rpc'), listen },
    socket: { ...section('socket'), listen },
    judge: { ...section('judge'), cluster: clusters.judge },
    graph: { ...section('graph'), cluster: clusters.graph },
    spool: { ...section('spool'), dir },
  })
}

/** The file that a reload reads. */
export function configFileOf({ dir }: Pick<StandOptions, 'dir'>): string {
  return join(dir, 'cfg.json')
}

export async function startTransferStand(options: StandOptions): Promise<TransferStand> {
  const { nowSeconds } = options
  const now = nowSeconds === undefined ? Date.now : () => nowSeconds() * 1000
  const config = standConfig(options)
  const configFile = configFileOf(options)
  writeFileSync(configFile, JSON.stringify(config))
  const transfer = await startTransfer(config, silent(), configFile, now)
  const { rpc = 0, http = 0, socket = 0 } = transfer.ports
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${http}${path}`)
    return ((await response.json()) as { data: unknown }).data
  }
  return {
    ports: { rpc, http, socket },
    get,
    async counter(name) {
      const rows = (await get('/counter/all')) as { Name: string; Cnt: number }[]
      const row = rows.find(({ Name }) => Name === name)
      if (!row) throw new Error(`no counter ${name} among ${rows.map(({ Name }) => Name).join(' ')}`)
      return row.Cnt
    },
    reload: (config) => transfer.reload(config),
    stop: () => transfer.stop(),
  }
}

/** Transfer with one judge and one graph that are real link peers, connected. */
export interface PeeredStand extends TransferStand {
  readonly judge: Peer
  readonly graph: Peer
}

export async function startPeeredStand(
  options: Pick<StandOptions, 'nowSeconds' | 'members'> = {},
): Promise<PeeredStand> {
  const dir = mkdtempSync(join(tmpdir(), 'transfer-stand-'))
  const [judge, graph] = await Promise.all([startPeer(), startPeer()])
  const clusters = {
    judge: { 'judge-00': `127.0.0.1:${judge.port}` },
    graph: { 'graph-00': `127.0.0.1:${graph.port}` },
  }
  const stand = await startTransferStand({ ...options, clusters, dir })
  await connected(stand)
  return {
    ...stand,
    judge,
    graph,
    async stop() {
      await stand.stop()
      await Promise.all([judge.close(), graph.close()])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Waits until every destination is connected. */
export async function connected(stand: TransferStand): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const destinations = (await stand.get('/destinations')) as { connected: boolean }[]
    if (destinations.every((destination) => destination.connected)) return
    if (Date.now() > deadline) throw new Error(`not connected: ${JSON.stringify(destinations)}`)
    await sleep(10)
  }
}
