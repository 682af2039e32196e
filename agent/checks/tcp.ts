import { performance } from 'node:perf_hooks'
import type { Socket } from 'node:net'
import type { IpVersion } from '../host/names.ts'
import { defineCheck } from './check.ts'
import type { CheckContext, Outcome } from './check.ts'
import { connectTo, reasonOf } from './connect.ts'
import { eachTarget } from './each-target.ts'
import { expressionProblem, loadMatcher } from './expression.ts'
import { readOptions } from './options.ts'

interface TcpTarget {
  readonly host: string
  readonly port: number
  readonly version: IpVersion | undefined
  readonly timeoutMs: number
  /** Empty for none. */
  readonly line: string
  readonly expected: string
}

/** Connections at a time. */
const parallel = 256

/** What is looked for must be within these; all of it is looked through with each piece that comes. */
const longestAnswer = 65_536
const mostPieces = 256

/** `host=,port=[,timeout=<seconds>][,ip=4|6][,send=<line>][,expect=<expression>]`: whether a connection, and an answer, comes. */
export const tcp = defineCheck<TcpTarget>({
  name: 'tcp',
  timesAnswers: true,
  metrics: ['tcp.connect', 'tcp.latency'],
  read: (tags, options) =>
    readOptions(tags, options, { keys: ['host', 'port', 'timeout', 'ip'], texts: ['send', 'expect'] }, (reader) => {
      const expected = reader.encoded('expect', '')
      const problem = expressionProblem(expected)
      if (problem !== undefined) reader.refuse(`expect=${expected}: ${problem}`)
      return {
        host: reader.text('host'),
        port: reader.number('port', { min: 1, max: 65_535 }),
        version: reader.ipVersion(),
        timeoutMs: reader.number('timeout', { min: 1, max: 30, fallback: 3 }) * 1000,
        line: reader.encoded('send', ''),
        expected,
      }
    }),
  run: (targets, context) =>
    eachTarget(targets, { parallel, longestMs: ({ timeoutMs }) => timeoutMs }, (target) => connected(target, context)),
})

async function connected(target: TcpTarget, { names }: CheckContext): Promise<Outcome> {
  const { timeoutMs, line, expected } = target
  const matches = await loadMatcher(expected)
  const signal = AbortSignal.timeout(timeoutMs)
  const startedAt = performance.now()
  let socket: Socket | undefined
  try {
    socket = await connectTo(target, { names, timeoutMs, signal })
    const latency = performance.now() - startedAt
    if (line !== '') socket.write(`${line}\r\n`)
    if (expected !== '') await answerThat(socket, matches, signal)
    return { values: { 'tcp.connect': 1, 'tcp.latency': latency } }
  } catch (error) {
    const reason = socket ? (error as Error).message : reasonOf(error, signal, timeoutMs)
    return { values: { 'tcp.connect': 0 }, reason }
  } finally {
    socket?.destroy()
  }
}

/** Settles when what came so far fits. Rejects when it ends without. */
function answerThat(socket: Socket, matches: (text: string) => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder()
    let text = ''
    let pieces = 0
    const fail = (why: string) => {
      const begin = JSON.stringify(text.slice(0, 100))
      reject(new Error(text === '' ? `${why} without an answer` : `${why}, not as expected: ${begin}`))
    }
    socket.on('data', (piece) => {
      text += decoder.decode(piece, { stream: true })
      pieces++
      if (matches(text)) resolve()
      else if (text.length > longestAnswer || pieces > mostPieces) fail('too much came')
    })
    socket.once('close', () => fail(signal.aborted ? 'timed out' : 'the peer hung up'))
  })
}
