import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startFleet } from '../drivers/fleet.ts'
import { createStream } from '../drivers/stream.ts'
import { until } from '../drivers/process.ts'

const requestCount = 200_000
const perConnection = 4
const connections = 40
const goodHosts = 20
const goodMetrics = 100
/** A mutated name is a new series; transfer remembers only so many, so that what grows beyond is a leak. */
const maxSeries = 2 * goodHosts * goodMetrics

/** A small generator with a fixed seed, so that a failing run can be run again. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x8000_0000
  }
}

const seedRequests = [
  '{"method":"Transfer.Update","params":[[{"endpoint":"bad-host","metric":"m","value":1,"step":60,"counterType":"GAUGE","tags":"a=b","timestamp":1795188840}]],"id":0}\n',
  '{"id": 3, "params": [[{"endpoint": "bad-win", "metric": "\\u4e2d", "value": "1.5", "step": 60, "counterType": "COUNTER", "tags": "", "timestamp": 1795188840}]], "method": "Transfer.Update"}',
  '{"method":"Transfer.Ping","params":[{}],"id":1}\n',
  '{"method":"Transfer.Ping","params":null,"id":"x"}\r\n',
  '{"method":"Nope.Nope","params":[{"a":[1,2,{"b":null}]}],"id":18446744073709551615}\n',
  '[]\n',
  'null',
  '{"method":"Transfer.Update","params":[[null,{},{"endpoint":"bad-host"}]],"id":2}\n',
].map((text) => Buffer.from(text))

/** A request with a few bytes flipped, cut, repeated or moved; a third of them stay as they are. */
function mutate(random: () => number): Buffer {
  const seed = seedRequests[Math.floor(random() * seedRequests.length)] ?? Buffer.alloc(0)
  const pick = () => Math.floor(random() * seed.length)
  switch (Math.floor(random() * 6)) {
    case 0: {
      const flipped = Buffer.from(seed)
      for (let i = 0; i < 3; i++) flipped[pick()] = Math.floor(random() * 256)
      return flipped
    }
    case 1:
      return seed.subarray(0, pick())
    case 2:
      return Buffer.concat([seed, seed.subarray(pick())])
    case 3: {
      const at = pick()
      return Buffer.concat([seed.subarray(0, at), Buffer.from('"{[\\\0\xff'), seed.subarray(at)])
    }
    default:
      return seed
  }
}

/** Writes some requests on one connection, half-closes, and settles when the server has closed too. */
function pour(port: number, requests: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(requests))
    socket.resume()
    // The server may cut a connection that sends nonsense: that is an answer.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve())
  })
}

function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

test('200 000 malformed and mutated requests: no crash, no leak, and every good sample beside them is stored', async () => {
  const fleet = await startFleet({ judge: false, transfer: { series: { max: maxSeries } } })
  const { transfer } = fleet
  try {
    const pid = transfer.pid
    const random = numbers(20_261_120)
    const good = createStream(fleet.ports.transferRpc)
    const state = { done: false }
    const now = Math.floor(Date.now() / 1000)
    const goodBatch = (round: number) =>
      Array.from({ length: goodMetrics }, (_, i) => ({
        endpoint: `good-${round % goodHosts}`,
        metric: `m${i}`,
        value: round * goodMetrics + i,
        step: 60,
        counterType: 'GAUGE',
        tags: '',
        timestamp: now - 60 * Math.floor(round / goodHosts),
      }))
    for (let round = 0; round < goodHosts; round++) await good.send(goodBatch(round))
    const goodStream = (async () => {
      for (let round = goodHosts; !state.done; round++) {
        await good.send(goodBatch(round))
        await sleep(20)
      }
    })()

    const memory: number[] = []
    const phases = 4
    for (let phase = 0; phase < phases; phase++) {
      let left = requestCount / phases
      const lane = async () => {
        while (left > 0) {
          const size = Math.min(perConnection, left)
          left -= size
          await pour(fleet.ports.transferRpc, Buffer.concat(Array.from({ length: size }, () => mutate(random))))
        }
      }
      await Promise.all(Array.from({ length: connections }, lane))
      memory.push(residentMegabytes(pid))
    }
    state.done = true
    await goodStream
    good.close()

    expect(transfer.pid).toBe(pid)
    expect(await transfer.get('/health')).toMatch(/^ok/)
    // The heap settles in the first half; a leak of even 300 bytes a request would show as 30 MB in the second.
    expect(
      (memory[3] ?? 0) - (memory[1] ?? 0),
      `resident memory after each quarter: ${memory.join(', ')} MB`,
    ).toBeLessThan(30)
    expect(good.acknowledged.length).toBeGreaterThan(1000)
    const missing = await until(
      'all good samples in storage',
      () => fleet.missing(good.acknowledged),
      (left) => left.length === 0,
    )
    expect(missing).toEqual([])
  } finally {
    await fleet.remove()
  }
})
