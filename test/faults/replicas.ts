import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLinkClient } from '#lib/link'
import { createLogger } from '#lib/log'
import { startFleet } from '../drivers/fleet.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { freePorts, startModule, until } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { loadStep, rpcEntrance, startLoad } from './load.ts'
import type { SentEndpoint } from './load.ts'
import { compareStored } from './stored.ts'
import type { Comparison } from './stored.ts'

/** The only graph is away for a while under load. */
export async function graphAway({ awaySeconds, progress }: FaultRun): Promise<Outcome> {
  const fleet = await startFleet({ judge: false })
  try {
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
    await sleep(2000)
    await fleet.graph.kill()
    progress(`graph-query is away for ${awaySeconds} s`)
    await sleep(awaySeconds * 1000)
    await fleet.graph.restart()
    await sleep(2000)
    await load.stop()
    await drained(fleet.transfer)
    return outcomeOf(
      `graph away for ${awaySeconds} s`,
      1,
      await compareStored(fleet.ports.query, load.endpoints),
      `${load.repeats} calls repeated`,
    )
  } finally {
    await fleet.remove()
  }
}

/** Rows of archives: what each is of, and its value. */
export type Rows = ReadonlyMap<string, number>

/** A fleet whose graph has a second copy, which knows it as its sibling. */
export interface Replicas {
  readonly fleet: Fleet
  readonly replica: ModuleProcess
  /** Of the replica. */
  readonly query: number
  /** Port of the link of its sibling. */
  readonly otherLink: number
  /** What the replica answers while its sibling is dead, and which of these rows of archives it has lost. */
  compareAlone(sent: readonly SentEndpoint[], rows?: Rows): Promise<{ found: Comparison; lost: string[] }>
  /** Kills the replica and removes all that it has stored. */
  wipe(): Promise<void>
  remove(): Promise<void>
}

/** Both start at once, and neither waits for the other: both are empty. */
export async function startReplicas(more: { readonly copyMegabytes?: number } = {}): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-replica-'))
  const [link = 0, http = 0, query = 0, otherLink = 0] = await freePorts(4)
  const at = (port: number) => ({ enabled: true, listen: `127.0.0.1:${port}` })
  const shared = { node: 'graph-00', cluster: { 'graph-00': `127.0.0.1:${otherLink},127.0.0.1:${link}` } }
  const dir = join(folder, 'graph')
  const starting = startModule({
    name: 'graph-query',
    folder,
    httpPort: http,
    config: { rpc: at(link), http: at(http), query: at(query), storage: { dir, maintainMs: 200 }, ...shared },
  })
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  const fleet = await startFleet({
    judge: false,
    graph: { storage: { maintainMs: 200, ...more }, ...shared },
    graphLink: otherLink,
    graphReplicas: [`127.0.0.1:${link}`],
  }).catch(async (error: unknown) => {
    await (await starting).kill()
    removeFolder()
    throw error
  })
  const replica = await starting
  return {
    fleet,
    replica,
    query,
    otherLink,
    async compareAlone(sent, rows = new Map()) {
      await fleet.graph.kill()
      const found = await compareStored(query, sent)
      const lost = lostRows(rows, await archiveRows(link, sent))
      await fleet.graph.restart()
      return { found, lost }
    },
    async wipe() {
      await replica.kill()
      rmSync(dir, { recursive: true })
    },
    async remove() {
      await fleet.remove()
      await replica.kill()
      removeFolder()
    },
  }
}

/** Of two replicas one is away for a while, then comes back; later it is away again, and comes back with an empty disk. */
export async function replicaAwayAndWiped({ awaySeconds, progress }: FaultRun): Promise<Outcome[]> {
  const replicas = await startReplicas()
  const { fleet, replica } = replicas
  try {
    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
    await sleep(2000)
    await replica.kill()
    progress(`one of two replicas is away for ${awaySeconds} s`)
    await sleep(awaySeconds * 1000)
    const during = await compareStored(fleet.ports.query, load.endpoints)
    await replica.restart()
    await sleep(2000)
    await load.stop()
    await drained(fleet.transfer)
    const { found: caughtUp } = await replicas.compareAlone(load.endpoints)

    const rows = await archiveRows(replicas.otherLink, load.endpoints)
    await replicas.wipe()
    const again = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc), name: 'later' })
    await sleep(2000)
    await replica.restart()
    progress('the replica is back with an empty disk')
    await sleep(2000)
    await again.stop()
    await drained(fleet.transfer)
    const everything = [...load.endpoints, ...again.endpoints]
    const { found, lost } = await replicas.compareAlone(everything, rows)
    const note = `all, with ${rows.size} rows of archives, its sibling dead`
    const wiped = outcomeOf('replica wiped: itself', 1, found, note)
    return [
      // While it runs, what is acknowledged may still be on its way: only what is answered can be judged.
      {
        ...outcomeOf('replica away: the other', 1, during, 'asked under load'),
        missing: 0,
        complaints: during.wrong,
      },
      outcomeOf('replica back: itself', 1, caughtUp, 'it has what it missed'),
      outcomeOf('replica wiped: the other', 1, await compareStored(fleet.ports.query, everything), ''),
      { ...wiped, complaints: [...wiped.complaints, ...lost] },
    ]
  } finally {
    await replicas.remove()
  }
}

/** The rows of archives that a graph has itself, with its siblings or without: their largest values by what they are of. */
export async function archiveRows(link: number, sent: readonly SentEndpoint[]): Promise<Rows> {
  const client = createLinkClient({
    addresses: [`127.0.0.1:${link}`],
    module: 'faults',
    connectTimeoutMs: 5000,
    ackTimeoutMs: 30_000,
    log: createLogger('faults', { destination: { write: () => undefined } }),
  })
  try {
    await until('the link', () => client.connected, Boolean)
    const rows = new Map<string, number>()
    for (const { endpoint, counters, begin } of sent)
      for (const counter of counters.slice(0, 5))
        for (const width of [5, 20, 180]) {
          const range = { start: begin - 180 * loadStep, end: begin + 3000 * loadStep, mostPoints: 1e6 }
          const ask = { endpoint, counter, consolidation: 'MAX', width, ...range }
          const answer = (await client.call('graph.history', ask)) as {
            runs: { first: number; values: string }[]
          } | null
          for (const { first, values } of answer?.runs ?? []) {
            const bytes = Buffer.from(values, 'base64')
            for (let i = 0; 8 * i < bytes.length; i++) {
              const value = bytes.readDoubleLE(8 * i)
              const time = first + i * width * loadStep
              if (!Number.isNaN(value)) rows.set(`${endpoint}/${counter} ${time} of ${width} steps`, value)
            }
          }
        }
    return rows
  } finally {
    await client.close()
  }
}

/** Rows that are not there any more, or know less: points that came late may have made one larger. */
function lostRows(before: Rows, after: Rows): string[] {
  const lost = [...before].filter(([row, value]) => !((after.get(row) ?? NaN) >= value))
  return lost.slice(0, 5).map(([row, value]) => `missing of an archive: ${row}, ${value}`)
}
