import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SentItem } from '../drivers/falcon-client.ts'
import { startFleet } from '../drivers/fleet.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { freePorts, startModule, until } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'

let fleet: Fleet
let agent: ModuleProcess

beforeAll(async () => {
  fleet = await startFleet({ minStep: 1 })
  const [http = 0] = await freePorts(1)
  agent = await startModule({
    name: 'agent',
    folder: fleet.folder,
    httpPort: http,
    config: {
      hostname: 'kept-host',
      heartbeat: { enabled: true, addr: `127.0.0.1:${fleet.ports.hbsRpc}`, interval: 1, timeout: 1000 },
      transfer: { enabled: true, addrs: [`127.0.0.1:${fleet.ports.transferRpc}`], interval: 1, timeout: 1000 },
      http: { enabled: true, listen: `127.0.0.1:${http}`, backdoor: false },
      dataDir: join(fleet.folder, 'agent'),
      spool: { dir: join(fleet.folder, 'agent/spool') },
      plugin: { enabled: false, dir: join(fleet.folder, 'plugin'), git: '', logs: join(fleet.folder, 'logs') },
    },
  })
})

afterAll(async () => {
  await agent?.kill()
  await fleet?.remove()
})

async function aliveTimes(from: number, to: number): Promise<number[]> {
  const [series] = await fleet.history('kept-host', ['agent.alive'], from, to)
  return (series?.Values ?? []).filter((point) => point.value === 1).map((point) => point.timestamp)
}

/** Seconds between two neighbours that differ from one. */
function gaps(times: readonly number[]): string[] {
  return times.slice(1).flatMap((time, i) => (time - (times[i] ?? 0) > 2 ? [`${times[i]} → ${time}`] : []))
}

test('transfer is away for twenty collections: the agent keeps them all, with their own timestamps', async () => {
  const begin = Math.floor(Date.now() / 1000)
  await until(
    'the first points',
    () => aliveTimes(begin - 5, begin + 60),
    (times) => times.length >= 3,
  )
  await fleet.transfer.kill()
  await sleep(20_000)
  await fleet.transfer.restart()
  const end = Math.floor(Date.now() / 1000)
  const times = await until(
    'the kept points',
    () => aliveTimes(begin, end + 5),
    (found) => (found.at(-1) ?? 0) >= end && found.length >= end - begin - 8 && gaps(found).length === 0,
  )
  expect(gaps(times)).toEqual([])
})

test('what the agent has accepted on /v1/push survives its SIGKILL and that of transfer', async () => {
  const timestamp = Math.floor(Date.now() / 1000)
  const accepted: SentItem[] = []
  const push = async (round: number) => {
    const items = Array.from({ length: 50 }, (_, i) => ({
      endpoint: `pushed-${round}`,
      metric: `m${i}`,
      value: round + i / 4,
      step: 60,
      counterType: 'GAUGE',
      tags: 'from=script',
      timestamp,
    }))
    try {
      const response = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/push`, {
        method: 'POST',
        body: JSON.stringify(items),
      })
      if (response.ok && (await response.text()) === 'success') accepted.push(...items)
    } catch {
      return // Not accepted: the script that pushed knows it.
    }
  }
  for (let round = 0; round < 60; round++) {
    if (round === 10) await fleet.transfer.kill()
    if (round === 20) {
      await agent.kill()
      await agent.restart()
    }
    if (round === 35) await fleet.transfer.restart()
    if (round === 45) {
      await agent.kill()
      await agent.restart()
    }
    await push(round)
  }
  expect(accepted.length).toBe(60 * 50)
  const missing = await until(
    'all accepted items',
    () => fleet.missing(accepted),
    (left) => left.length === 0,
  )
  expect(missing).toEqual([])
})
