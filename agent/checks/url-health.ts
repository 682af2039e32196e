import { request as plainRequest } from 'node:http'
import type { Names } from '../host/names.ts'
import { defineCheck } from './check.ts'
import type { Outcome } from './check.ts'
import { eachTarget } from './each-target.ts'
import { readWebAddress } from './web-address.ts'

interface HealthTarget {
  readonly url: string
  readonly timeoutMs: number
}

/** A longer timeout is cut to this, or one dead server would hold up the answers of all others. */
const longestWaitMs = 30_000

/** Requests at a time. */
const parallel = 256

/** `url=<url>,timeout=<seconds>`: 1 when a HEAD request answers 200 in time; else 0. Redirects are not followed. */
export const urlHealth = defineCheck<HealthTarget>({
  name: 'url.check.health',
  metrics: ['url.check.health'],
  read(tags) {
    // The timeout is looked for from the end, because a URL may hold `=` and `,` itself.
    const match = /^\s*url=(.+),\s*timeout=(\d{1,9})\s*$/.exec(tags)
    const [, address = '', seconds = ''] = match ?? []
    const timeout = Number(seconds)
    if (!match) return { ok: false, reason: `"${tags}" is not url=<url>,timeout=<seconds>` }
    if (timeout < 1) return { ok: false, reason: `"${tags}" has a timeout below one second` }
    const url = readWebAddress(address.trim())
    if (!url) return { ok: false, reason: `"${address}" is not an http or https URL` }
    return { ok: true, value: { url, timeoutMs: Math.min(timeout * 1000, longestWaitMs) } }
  },
  run: (targets, { names }) =>
    eachTarget(targets, { parallel, longestMs: ({ timeoutMs }) => timeoutMs }, (target) => health(target, names)),
  ownTags: ({ hostname }) => `src=${hostname}`,
})

async function health({ url, timeoutMs }: HealthTarget, names: Names): Promise<Outcome> {
  const { protocol } = new URL(url)
  // TLS takes megabytes that most agents never need.
  const send = protocol === 'https:' ? (await import('node:https')).request : plainRequest
  return await new Promise((resolve) => {
    const sick = (reason: string) => resolve({ values: { 'url.check.health': 0 }, reason })
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { 'user-agent': 'falcon-agent', accept: '*/*' }
    const request = send(
      url,
      { method: 'HEAD', agent: false, signal, headers, lookup: names.lookup(timeoutMs) },
      (response) => {
        response.resume()
        if (response.statusCode === 200) resolve({ values: { 'url.check.health': 1 } })
        else sick(`answered ${response.statusCode}`)
        request.destroy()
      },
    )
    request.on('error', (error) => sick(signal.aborted ? `no answer in ${timeoutMs / 1000} s` : error.message))
    request.end()
  })
}
