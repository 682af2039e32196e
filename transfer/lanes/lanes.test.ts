import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LedgerReport } from '#lib/ledger'
import { createLogger } from '#lib/log'
import { openSpool } from '#lib/spool'
import { createFalconClient } from '../../test/drivers/falcon-client.ts'
import { connected, freePort } from '../../test/drivers/transfer-stand.ts'
import type { TransferStand } from '../../test/drivers/transfer-stand.ts'
import { address, dir, item, peer, stand, timestamp } from '../stand.contract.ts'

const workers = 3
const quiet = createLogger('test', { destination: { write: () => undefined } })
/** Processes are started from source here. */
const patience = { timeout: 20_000, interval: 20 }
vi.setConfig({ testTimeout: 60_000 })

const sum = (amounts: Readonly<Record<string, number>>) => Object.values(amounts).reduce((all, one) => all + one, 0)

async function peers() {
  const judge = await peer()
  const graph = await peer()
  return { judge, graph, clusters: { judge: { j: address(judge) }, graph: { g: address(graph) } } }
}

/** One call on each of so many new connections, one after the other, so that every lane has its turn. */
async function callOnEach(transfer: TransferStand, connections: number, name: string): Promise<void> {
  for (let i = 0; i < connections; i++) {
    const client = createFalconClient(transfer.ports.rpc)
    onTestFinished(() => client.close())
    const items = [item({ endpoint: `${name}${i}` }), item({ endpoint: `${name}${i}`, metric: '' })]
    expect(await client.call('Transfer.Update', items, 20_000)).toMatchObject({ Total: 2, Invalid: 1 })
  }
}

function endpointsOf(arrived: readonly { series: { endpoint: string } }[]): string[] {
  return arrived.map(({ series }) => series.endpoint).toSorted()
}

async function ledgerOf(transfer: TransferStand): Promise<LedgerReport> {
  return (await (await fetch(`http://127.0.0.1:${transfer.ports.http}/ledger?since=0`)).json()) as LedgerReport
}

/** The processes of the other lanes, as the lock of a spool of each names them. */
function workerPids(): number[] {
  return Array.from({ length: workers - 1 }, (_, i) => {
    const folder = join(dir, `worker-${i + 1}`, 'graph')
    return Number(readlinkSync(join(folder, readdirSync(folder)[0] ?? '', 'lock')).split(' ')[0])
  })
}

test('connections are dealt to all workers, and pages show one transfer', async () => {
  const { judge, graph, clusters } = await peers()
  const transfer = await stand({ clusters, members: { workers } })
  await connected(transfer)
  await transfer.get('/trace/h4/m')
  await callOnEach(transfer, 6, 'h')

  const names = ['h0', 'h1', 'h2', 'h3', 'h4', 'h5']
  expect(endpointsOf(judge.taken())).toEqual(names)
  expect(endpointsOf(graph.taken())).toEqual(names)
  expect(await transfer.counter('RecvCnt')).toBe(6)
  expect(await transfer.counter('AcknowledgedCnt')).toBe(6)
  expect(await transfer.counter('SendToGraphCnt')).toBe(6)
  expect(await transfer.counter('rpc.accepted')).toBe(6)
  expect(await transfer.counter('Workers')).toBe(workers)
  expect(await transfer.get('/rejected')).toMatchObject({ 'no metric': { count: 6 } })
  expect(await transfer.get('/destinations')).toMatchObject([
    { ring: 'judge', given: 6, delivered: 6, connected: true },
    { ring: 'graph', given: 6, delivered: 6, connected: true },
  ])
  expect(await transfer.get('/trace/h4/m')).toMatchObject([{ Value: { endpoint: 'h4', timestamp } }])
  const metrics = await (await fetch(`http://127.0.0.1:${transfer.ports.http}/metrics`)).text()
  expect(metrics).toContain('falcon_transfer_received_samples_total 6\n')
  expect(metrics).toMatch(/falcon_transfer_worker_resident_bytes\{worker="2"\} \d+/)
  for (const { account, received, unexplained } of (await ledgerOf(transfer)).accounts)
    expect([account, unexplained, received]).toEqual([account, 0, account === 'agents -> transfer' ? 12 : 6])
  await transfer.stop()
  for (const folder of ['worker-1', 'worker-2', '.'])
    expect(lastLedgerLine(join(dir, folder))).toContain('"RecvCnt":2,')
})

/** What a lane wrote down when it stopped. */
function lastLedgerLine(folder: string): string {
  const files = readdirSync(join(folder, 'ledger'))
  return (
    readFileSync(join(folder, 'ledger', files.at(-1) ?? ''), 'utf8')
      .trim()
      .split('\n')
      .at(-1) ?? ''
  )
}

test('a worker that is killed loses nothing that was acknowledged, is started again, and no count falls', async () => {
  const { graph, clusters } = await peers()
  await graph.close() // so that what is acknowledged is in the spools
  const transfer = await stand({ clusters, members: { workers } })
  await callOnEach(transfer, 6, 'h')
  expect(await transfer.counter('RecvCnt')).toBe(6)
  const [victim = 0] = workerPids()
  process.kill(victim, 'SIGKILL')
  await vi.waitFor(async () => expect(await transfer.counter('WorkerExitCnt')).toBe(1), patience)
  expect(await transfer.counter('RecvCnt')).toBe(6)
  await vi.waitFor(async () => expect(await transfer.counter('Workers')).toBe(workers), patience)
  expect(workerPids()).not.toContain(victim)
  // While it was away its connections ended; callers dial again and are served by whoever runs.
  await callOnEach(transfer, 3, 'later')

  const back = await peer({ port: graph.port })
  const arrived: string[] = []
  await vi.waitFor(() => {
    arrived.push(...endpointsOf(back.taken()))
    expect(new Set(arrived)).toEqual(new Set(['h0', 'h1', 'h2', 'h3', 'h4', 'h5', 'later0', 'later1', 'later2']))
  }, patience)
  await vi.waitFor(async () => expect(await transfer.counter('GraphSendCacheCnt')).toBe(0), patience)
  for (const account of (await ledgerOf(transfer)).accounts)
    expect([account.account, account.unexplained, sum(account.held)]).toEqual([account.account, 0, 0])
})

test('with fewer workers, what the others had spooled goes on by the first', async () => {
  const judge = await peer()
  const clusters = { judge: { j: address(judge) }, graph: { g: `127.0.0.1:${await freePort()}` } }
  const first = await stand({ clusters, members: { workers } })
  await callOnEach(first, 6, 'h')
  await first.stop()

  await stand({ clusters, members: { workers: 1 } })
  const graph = await peer({ port: Number(clusters.graph.g.split(':')[1]) })
  const arrived: string[] = []
  await vi.waitFor(() => {
    arrived.push(...endpointsOf(graph.taken()))
    expect(new Set(arrived)).toEqual(new Set(['h0', 'h1', 'h2', 'h3', 'h4', 'h5']))
  }, patience)
})

test('a worker that cannot start is an error that says why, and none is left running', async () => {
  const { clusters } = await peers()
  const first = await stand({ clusters, members: { workers } })
  const pids = workerPids()
  const inUse = join(dir, 'worker-1', 'graph', readdirSync(join(dir, 'worker-1', 'graph'))[0] ?? '')
  await first.stop()
  const lock = openSpool({ dir: inUse, maxBytes: 2 ** 20, maxAgeSeconds: 60, log: quiet, onDrop: () => undefined })
  onTestFinished(() => lock.close())
  await expect(stand({ clusters, members: { workers } })).rejects.toThrow(
    new RegExp(`Cannot start worker 1: Cannot open spool .*process ${process.pid} has it open`),
  )
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
