import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { readableFloat } from '#protocol'
import type { AlarmEvent } from '#protocol'
import { localTime } from '../events/local-time.ts'
import { ruleOf } from '../events/rule-of.ts'

export interface CallbackLimits {
  /** Until there is a connection. */
  readonly connectTimeoutMs: number
}

/** What came back, or why nothing did. */
export type CallbackAnswer =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly reason: string }

/** Read of an answer at most; it goes into notices. */
const longestAnswer = 64 * 1024

/** The URL of Open-Falcon's GET: what the event is, as a query behind the action's own. */
export function callbackUrl(url: string, event: AlarmEvent): string {
  const rule = ruleOf(event)
  const query = new URLSearchParams({
    endpoint: event.endpoint,
    metric: rule.metric,
    status: event.status,
    step: String(event.currentStep),
    priority: String(rule.priority),
    time: localTime(event.eventTime),
    tpl_id: String(rule.templateId),
    exp_id: String(rule.expressionId),
    stra_id: String(rule.strategyId),
    left_value: readableFloat(event.leftValue),
    tags: Object.entries(event.pushedTags)
      .map(([key, value]) => `${key}:${value}`)
      .join(','),
  })
  return `${url}${url.includes('?') ? '&' : '?'}${query.toString()}`
}

/** Calls it. Any status is an answer, as to Open-Falcon. */
export function callBack(
  url: string,
  { connectTimeoutMs }: CallbackLimits,
  signal: AbortSignal,
): Promise<CallbackAnswer> {
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve({ ok: false, reason: error.message })
    let to: URL
    try {
      to = new URL(url)
    } catch {
      return fail(new Error(`the URL ${JSON.stringify(url)} is none`))
    }
    if (to.protocol !== 'http:' && to.protocol !== 'https:')
      return fail(new Error(`the URL begins with ${to.protocol}//`))
    const send = to.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(to, { signal, agent: false, headers: { 'user-agent': 'falcon-alarm' } }, (response) => {
      const parts: Buffer[] = []
      let length = 0
      const done = () => resolve({ ok: true, body: Buffer.concat(parts).toString('utf8') })
      response.on('data', (part: Buffer) => {
        parts.push(part)
        length += part.length
        if (length < longestAnswer) return
        done()
        response.destroy()
      })
      response.once('end', done)
      response.once('error', fail)
    })
    const late = setTimeout(
      () => request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    )
    request.once('socket', (socket) => socket.once('connect', () => clearTimeout(late)))
    request.once('close', () => clearTimeout(late))
    request.once('error', fail)
    request.end()
  })
}

/** What the notices after a callback say. */
export function callbackText(url: string, answer: CallbackAnswer): string {
  if (url === '') return 'callback url is blank'
  return `curl ${url} ${answer.ok ? 'success' : `fail:${answer.reason}`}. resp: ${answer.ok ? answer.body : ''}`
}
