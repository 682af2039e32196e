import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { sortTags } from '#protocol'
import { gauge } from '../collectors/collector.ts'
import { defineCheck } from './check.ts'

interface HealthTarget {
  readonly url: URL
  readonly timeoutMs: number
}

/** A longer timeout is cut to this, or one dead server would hold up the answers of all others. */
const longestWaitMs = 30_000

/** Requests at a time. */
const parallel = 256

/** `url=<url>,timeout=<seconds>`: 1 when a HEAD request answers 200 in time; else 0. Redirects are not followed. */
export const urlHealth = defineCheck<HealthTarget>({
  metric: 'url.check.health',
  read(tags) {
    // The timeout is looked for from the end, because a URL may hold `=` and `,` itself.
    const match = /^\s*url=(.+),\s*timeout=(\d{1,9})\s*$/.exec(tags)
    const [, address = '', seconds = ''] = match ?? []
    const timeout = Number(seconds)
    if (!match) return { ok: false, reason: `"${tags}" is not url=<url>,timeout=<seconds>` }
    if (timeout < 1) return { ok: false, reason: `"${tags}" has a timeout below one second` }
    const url = readUrl(address.trim())
    if (!url) return { ok: false, reason: `"${address}" is not an http or https URL` }
    return { ok: true, value: { url, timeoutMs: Math.min(timeout * 1000, longestWaitMs) } }
  },
  async run(checks, { hostname }) {
    const values: number[] = []
    const queue = checks.entries()
    const worker = async () => {
      for (const [i, { target }] of queue) values[i] = (await headStatus(target)) === 200 ? 1 : 0
    }
    await Promise.all(Array.from({ length: parallel }, worker))
    return checks.map(({ tags }, i) => gauge('url.check.health', values[i] ?? 0, sortTags(`${tags},src=${hostname}`)))
  },
})

/** Falcon: an address without scheme is an http one, as curl has it. */
function readUrl(address: string): URL | undefined {
  const text = address.includes('://') ? address : `http://${address}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

/** The status of the answer, 0 when there is none in time. */
function headStatus({ url, timeoutMs }: HealthTarget): Promise<number> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const send = url.protocol === 'https:' ? secureRequest : plainRequest
    const headers = { 'user-agent': 'falcon-agent', accept: '*/*' }
    const request = send(url, { method: 'HEAD', agent: false, signal, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    request.on('error', () => resolve(0))
    request.end()
  })
}
