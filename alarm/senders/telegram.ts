import { post, shown } from './http-post.ts'
import { plainText } from './sender.ts'
import type { Sender, SendOutcome } from './sender.ts'

/** Characters that one message holds. */
const longest = 4096

/** A Telegram bot. The chat is the room's, else the receiver; such a message has one receiver. `url` is the API's. */
export function createTelegramSender(options: {
  readonly url: string
  readonly token: string
  readonly chat: string
}): Sender {
  const { url, token, chat } = options
  return {
    send(message, signal) {
      const text = plainText(message)
      const body = JSON.stringify({
        chat_id: chat === '' ? message.receivers[0] : chat,
        text: text.length > longest ? `${text.slice(0, longest - 3)}...` : text,
        link_preview_options: { is_disabled: true },
      })
      const to = `${url.replace(/\/+$/, '')}/bot${token}/sendMessage`
      return post({ url: to, contentType: 'application/json', body }, signal, verdict)
    },
    close: async () => {},
  }
}

function verdict(answer: string): SendOutcome {
  const good = /"ok"\s*:\s*true/.test(answer)
  return { outcome: good ? 'sent' : 'rejected', detail: shown(answer) }
}
