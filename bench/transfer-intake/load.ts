import { connect } from 'node:net'
import { answer, ready } from './usage.ts'

/**
 * Agents that send call after call, each waiting for its answer before the next one. With `advancing` as the last
 * argument the time in the samples moves on a step whenever an agent has sent all of its calls; else it stands still.
 */
const [, , port = '', connections = '', samplesPerCall = '', advancing = ''] = process.argv
const callsPerConnection = 20
const stepSeconds = 60
const timestamp = Math.floor(Date.now() / 60_000) * 60 - 600

let running = true
let measuring = false
let startedAt = 0
let latencies: number[] = []
const answered = Array.from({ length: Number(connections) }, () => 0)

for (let i = 0; i < Number(connections); i++) agent(i)
answer({
  /** How often every agent has sent all of its calls. */
  rounds: () => ({ rounds: Math.floor(Math.min(...answered) / callsPerConnection) }),
  begin() {
    latencies = []
    startedAt = performance.now()
    measuring = true
    return {}
  },
  end() {
    measuring = false
    const seconds = (performance.now() - startedAt) / 1000
    const sorted = latencies.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0
    return { samples: sorted.length * Number(samplesPerCall), seconds, p50: at(0.5), p99: at(0.99) }
  },
  async stop() {
    running = false
    await new Promise((resolve) => void setTimeout(resolve, 1500))
    return {}
  },
})
ready(0)

function agent(index: number): void {
  const calls = Array.from({ length: callsPerConnection }, (_, call) => updateCall(index * callsPerConnection + call))
  const places = calls.map(timestampPlaces)
  const socket = connect(Number(port), '127.0.0.1')
  socket.setNoDelay(true)
  let call = 0
  let sentAt = 0
  const send = () => {
    const next = call % calls.length
    const text = calls[next] ?? Buffer.alloc(0)
    if (advancing === 'advancing') {
      const digits = String(timestamp + Math.floor(call / calls.length) * stepSeconds)
      for (const place of places[next] ?? []) text.write(digits, place, 'latin1')
    }
    call++
    sentAt = performance.now()
    socket.write(text)
  }
  socket.on('connect', send)
  socket.on('data', (chunk) => {
    if (chunk.at(-1) !== 0x0a) return
    if (!chunk.includes('"Invalid":0')) throw new Error(`Cannot measure: the server answered ${chunk.toString()}`)
    answered[index] = (answered[index] ?? 0) + 1
    if (measuring) latencies.push(performance.now() - sentAt)
    if (running) send()
  })
}

/** What an agent of one host sends: names and tags of the length that Open-Falcon's have. */
function updateCall(host: number): Buffer {
  const items = Array.from({ length: Number(samplesPerCall) }, (_, i) => ({
    endpoint: `host${String(host).padStart(5, '0')}.example`,
    metric: i % 3 === 0 ? `net.if.in.bytes.${i}` : i % 3 === 1 ? `df.bytes.used.percent` : `cpu.core.${i}`,
    value: (i * 7919 + host) / 100,
    step: stepSeconds,
    counterType: i % 3 === 0 ? 'COUNTER' : 'GAUGE',
    tags: i % 3 === 1 ? `fstype=ext4,mount=/data${i}` : i % 3 === 0 ? `iface=eth${i}` : '',
    timestamp,
  }))
  return Buffer.from(`${JSON.stringify({ method: 'Transfer.Update', params: [items], id: host })}\n`)
}

/** Where the digits of each timestamp begin. */
function timestampPlaces(call: Buffer): number[] {
  const key = Buffer.from('"timestamp":')
  const places: number[] = []
  for (let at = call.indexOf(key); at >= 0; at = call.indexOf(key, at + 1)) places.push(at + key.length)
  return places
}
