import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { createFalconClient } from '../test/drivers/falcon-client.ts'
import type { SentItem } from '../test/drivers/falcon-client.ts'
import { startPeer, startPeeredStand, startTransferStand } from '../test/drivers/transfer-stand.ts'
import type { Peer, TransferStand } from '../test/drivers/transfer-stand.ts'

export const timestamp = 1_790_000_040

export function item(members: Partial<SentItem> = {}): SentItem {
  return { endpoint: 'h', metric: 'm', value: 1, step: 60, counterType: 'GAUGE', tags: '', timestamp, ...members }
}

/** A folder for the test under way. */
export let dir: string
/** What a test opened, closed in reverse when it ends. */
export const opened: (() => Promise<void> | void)[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'transfer-'))
})
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
  rmSync(dir, { recursive: true, force: true })
})

/** A judge or graph that takes what it is sent. */
export async function peer(options?: Parameters<typeof startPeer>[0]): Promise<Peer> {
  const started = await startPeer(options)
  opened.push(() => started.close())
  return started
}

/** A transfer whose spools are in `dir`, unless told otherwise. */
export async function stand(
  options: Omit<Parameters<typeof startTransferStand>[0], 'dir'>,
  folder = dir,
): Promise<TransferStand> {
  const started = await startTransferStand({ ...options, dir: folder })
  opened.push(() => started.stop())
  return started
}

/** A transfer with a judge and a graph. */
export async function peeredStand(options?: Parameters<typeof startPeeredStand>[0]) {
  const started = await startPeeredStand(options)
  opened.push(() => started.stop())
  return started
}

export function client(port: number) {
  const created = createFalconClient(port)
  opened.push(() => created.close())
  return {
    update: (items: unknown) => created.call('Transfer.Update', items, 20_000),
  }
}

export const address = (one: { port: number }) => `127.0.0.1:${one.port}`
