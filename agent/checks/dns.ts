import { Resolver } from 'node:dns/promises'
import type { MxRecord, SoaRecord, SrvRecord } from 'node:dns'
import { isIP } from 'node:net'
import { performance } from 'node:perf_hooks'
import { defineCheck } from './check.ts'
import type { CheckContext, Outcome } from './check.ts'
import { eachTarget } from './each-target.ts'
import { readOptions } from './options.ts'

const types = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const

interface DnsTarget {
  readonly lookup: string
  readonly type: (typeof types)[number]
  /** Name or address, empty for those of the system; and its port. */
  readonly server: string
  readonly port: number
  readonly timeoutMs: number
  /** One of the answers has to be this; empty for any. */
  readonly expected: string
}

/** Questions at a time. */
const parallel = 128

/** `lookup=<name>[,type=A|…][,server=<name or address>][,port=53][,timeout=<seconds>][,expect=<answer>]`: what DNS says. */
export const dns = defineCheck<DnsTarget>({
  name: 'dns',
  timesAnswers: true,
  metrics: ['dns.ok', 'dns.latency', 'dns.answers'],
  read: (tags, options) =>
    readOptions(
      tags,
      options,
      { keys: ['lookup', 'type', 'server', 'port', 'timeout'], texts: ['expect'] },
      (reader) => ({
        lookup: reader.text('lookup'),
        type: reader.choice('type', types, 'A'),
        server: reader.text('server', ''),
        port: reader.number('port', { min: 1, max: 65_535, fallback: 53 }),
        timeoutMs: reader.number('timeout', { min: 1, max: 30, fallback: 3 }) * 1000,
        expected: reader.encoded('expect', ''),
      }),
    ),
  run: (targets, context) =>
    // The server's own name may have to be looked up first.
    eachTarget(targets, { parallel, longestMs: ({ timeoutMs }) => 2 * timeoutMs }, (target) => asked(target, context)),
})

async function asked(target: DnsTarget, { names }: CheckContext): Promise<Outcome> {
  const { lookup, type, server, port, timeoutMs, expected } = target
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  const giveUp = setTimeout(() => resolver.cancel(), timeoutMs)
  let startedAt = performance.now()
  const latency = () => performance.now() - startedAt
  try {
    if (server !== '') {
      const [address = ''] = await names.addresses(server, timeoutMs)
      resolver.setServers([isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`])
      startedAt = performance.now()
    }
    const answers = await answersOf(resolver, lookup, type)
    const values = { 'dns.ok': 1, 'dns.latency': latency(), 'dns.answers': answers.length }
    const note = answers.slice(0, 10).join(' ')
    if (expected === '' || answers.includes(expected)) return { values, note }
    return { values: { ...values, 'dns.ok': 0 }, reason: `"${expected}" is not among the answers: ${note}` }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const [reason, answered] = problems[code] ?? [message, false]
    // That there is nothing is an answer too, and how long it took tells about the server.
    const values = { 'dns.ok': 0, 'dns.answers': 0, ...(answered && { 'dns.latency': latency() }) }
    return {
      values,
      reason: code === 'ECANCELLED' || code === 'ETIMEOUT' ? `no answer in ${timeoutMs / 1000} s` : reason,
    }
  } finally {
    clearTimeout(giveUp)
  }
}

/** What the library's codes mean, and whether a server has said so. */
const problems: Readonly<Record<string, readonly [reason: string, answered: boolean]>> = {
  ENOTFOUND: ['there is no such name', true],
  ENODATA: ['the name has nothing of this type', true],
  ESERVFAIL: ['the server failed', true],
  EREFUSED: ['the server refuses to say', true],
  EFORMERR: ['the server does not understand', true],
  ENOTIMP: ['the server does not know this kind of question', true],
  ECONNREFUSED: ['nobody listens there', false],
  EBADNAME: ['this is no name', false],
}

async function answersOf(resolver: Resolver, name: string, type: DnsTarget['type']): Promise<string[]> {
  // Of an address, what asks for its names.
  if (type === 'PTR' && isIP(name) !== 0) return await resolver.reverse(name)
  const found: unknown = await resolver.resolve(name, type)
  return [found].flat().map((answer) => textOf(type, answer))
}

/** As zone files write it. */
function textOf(type: DnsTarget['type'], answer: unknown): string {
  if (type === 'TXT') return (answer as string[]).join('')
  if (type === 'MX') return `${(answer as MxRecord).priority} ${(answer as MxRecord).exchange}`
  if (type === 'SRV') {
    const { priority, weight, port, name } = answer as SrvRecord
    return `${priority} ${weight} ${port} ${name}`
  }
  if (type === 'SOA') return String((answer as SoaRecord).serial)
  return String(answer)
}
