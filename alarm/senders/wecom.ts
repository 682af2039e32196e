import { jsonVerdict, post } from './http-post.ts'
import { plainText } from './sender.ts'
import type { Sender } from './sender.ts'

/** System busy, too many messages a minute. */
const again = [-1, 45009]

/** WeCom takes 2048 bytes of text; more is refused as a whole. */
const longestBytes = 2048

/** A robot of a WeCom (enterprise WeChat) group; the key is part of the URL. */
export function createWecomSender({ url }: { readonly url: string }): Sender {
  return {
    send(message, signal) {
      const body = JSON.stringify({ msgtype: 'text', text: { content: fitted(plainText(message)) } })
      return post({ url, contentType: 'application/json', body }, signal, jsonVerdict(['errcode'], again))
    },
    close: async () => {},
  }
}

function fitted(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= longestBytes) return text
  // Cut before a character, never inside one.
  let end = longestBytes - 3
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${bytes.subarray(0, end).toString('utf8')}...`
}
