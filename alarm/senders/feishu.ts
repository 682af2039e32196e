import { createHmac } from 'node:crypto'
import { jsonVerdict, post } from './http-post.ts'
import { plainText } from './sender.ts'
import type { Sender } from './sender.ts'

/** Too many requests. */
const again = [9499, 11232]

/**
 * A custom bot of a Feishu (Lark) group. With a secret the body carries `timestamp` (unix seconds) and `sign`, the HMAC of nothing
 * under the key `<timestamp>\n<secret>`. `now` is in milliseconds.
 */
export function createFeishuSender(options: {
  readonly url: string
  readonly secret: string
  readonly now?: () => number
}): Sender {
  const { url, secret, now = Date.now } = options
  return {
    send(message, signal) {
      const timestamp = String(Math.floor(now() / 1000))
      const sign = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64')
      const body = JSON.stringify({
        ...(secret === '' ? {} : { timestamp, sign }),
        msg_type: 'text',
        content: { text: plainText(message) },
      })
      const verdict = jsonVerdict(['code', 'StatusCode'], again)
      return post({ url, contentType: 'application/json', body }, signal, verdict)
    },
    close: async () => {},
  }
}
