import { createHmac } from 'node:crypto'
import { jsonVerdict, post } from './http-post.ts'
import { plainText } from './sender.ts'
import type { Sender } from './sender.ts'

/** Too many messages a minute (130101), system busy. */
const again = [-1, 130101, 130103]

/**
 * A custom robot of a DingTalk group. With a secret the URL carries `timestamp` (milliseconds) and `sign`, the HMAC of
 * `<timestamp>\n<secret>` under the secret. `mention`: members with these phone numbers are called by name. `now` is in milliseconds.
 */
export function createDingtalkSender(options: {
  readonly url: string
  readonly secret: string
  readonly mention: boolean
  readonly now?: () => number
}): Sender {
  const { url, secret, mention, now = Date.now } = options
  return {
    send(message, signal) {
      const body = JSON.stringify({
        msgtype: 'text',
        text: { content: plainText(message) },
        ...(mention ? { at: { atMobiles: message.receivers, isAtAll: false } } : {}),
      })
      const to = secret === '' ? url : signed(url, secret, now())
      return post({ url: to, contentType: 'application/json', body }, signal, jsonVerdict(['errcode'], again))
    },
    close: async () => {},
  }
}

function signed(url: string, secret: string, timestamp: number): string {
  const to = new URL(url)
  to.searchParams.set('timestamp', String(timestamp))
  to.searchParams.set('sign', createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'))
  return to.href
}
