import { performance } from 'node:perf_hooks'
import type { Names } from '../host/names.ts'
import type { Outcome } from './check.ts'
import { reasonOf } from './connect.ts'
import { loadMatcher } from './expression.ts'
import { exchange } from './http-exchange.ts'
import type { HttpAnswer } from './http-exchange.ts'
import type { HttpTarget } from './http-target.ts'
import { readWebAddress } from './web-address.ts'

type Request = Pick<HttpTarget, 'url' | 'method' | 'headers' | 'body'>

/** Asks, follows redirects, and judges the last answer. All of it within the target's timeout. */
export async function checkUrl(target: HttpTarget, names: Names): Promise<Outcome> {
  const { timeoutMs, redirects } = target
  const matches = await loadMatcher(target.match)
  const signal = AbortSignal.timeout(timeoutMs)
  const startedAt = performance.now()
  const values: Record<string, number> = { 'http.ok': 0, 'http.status': 0 }
  /** Of the last certificate seen, which is that of the server which answers in the end. */
  const tellDaysLeft = (days: number) => {
    values['http.cert.days'] = days
  }
  const how = { ...target, wantsBody: target.text !== '' || target.match !== '', names, signal, tellDaysLeft }
  try {
    let request: Request = target
    let answer = await exchange(request, how)
    for (let left = redirects; left > 0; left--) {
      const next = redirected(request, answer)
      if (!next) break
      request = next
      answer = await exchange(request, how)
    }
    values['http.status'] = answer.status
    values['http.latency'] = performance.now() - startedAt
    const fault = faultOf(answer, target, matches)
    if (fault !== undefined) return { values, reason: fault }
    return { values: { ...values, 'http.ok': 1 } }
  } catch (error) {
    return { values, reason: reasonOf(error, signal, timeoutMs) }
  }
}

/** What to ask next, as browsers do; undefined when the answer is no redirect. */
function redirected(request: Request, { status, location }: HttpAnswer): Request | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  if (!URL.canParse(location, request.url)) throw new Error(`redirected to "${location}", which is no URL`)
  const to = new URL(location, request.url)
  const from = new URL(request.url)
  const url = readWebAddress(to.href)
  if (url === undefined) throw new Error(`redirected to ${to.protocol}, which is not followed`)
  const asGet = status === 303 || ((status === 301 || status === 302) && request.method === 'POST')
  const next = asGet && request.method !== 'HEAD' ? { method: 'GET', body: '' } : request
  // What is secret is for the server it was given to.
  if (to.origin !== from.origin) return { method: next.method, body: next.body, url, headers: {} }
  to.username ||= from.username
  to.password ||= from.password
  return { method: next.method, body: next.body, url: to.href, headers: request.headers }
}

/** What is wrong with the answer; undefined when nothing is. */
function faultOf(
  { status, body }: HttpAnswer,
  { expected, text, match }: HttpTarget,
  matches: (text: string) => boolean,
): string | undefined {
  const code = String(status)
  if (!expected.some((wanted) => wanted === code || (wanted.endsWith('xx') && wanted[0] === code[0])))
    return `answered ${status}, not ${expected.join(' or ')}`
  if (!body.includes(text)) return `the body does not hold "${text}"`
  return matches(body) ? undefined : `the body does not match "${match}"`
}
