import { createHmac } from 'node:crypto'
import { post } from './http-post.ts'
import type { Sender } from './sender.ts'

/**
 * A POST of JSON to the user's own program. `X-Falcon-Message` is the message's id, the same at every attempt: a program that
 * remembers it takes nothing twice. With a secret, `X-Falcon-Signature` is `sha256=` and the HMAC of timestamp, dot and body;
 * the timestamp (unix seconds) is in `X-Falcon-Timestamp`. `now` is in milliseconds.
 */
export function createWebhookSender(options: {
  readonly url: string
  readonly secret: string
  readonly now?: () => number
}): Sender {
  const { url, secret, now = Date.now } = options
  return {
    send({ id, receivers, subject, content, events }, signal) {
      const body = JSON.stringify({ id, receivers, subject, content, events })
      const timestamp = String(Math.floor(now() / 1000))
      const headers: Record<string, string> = { 'x-falcon-message': id, 'x-falcon-timestamp': timestamp }
      if (secret !== '') headers['x-falcon-signature'] = `sha256=${signature(secret, `${timestamp}.${body}`)}`
      return post({ url, contentType: 'application/json; charset=utf-8', body, headers }, signal)
    },
    close: async () => {},
  }
}

function signature(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}
