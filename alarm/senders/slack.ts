import { post, shown } from './http-post.ts'
import { plainText } from './sender.ts'
import type { Sender } from './sender.ts'

/** An incoming webhook of a Slack channel. */
export function createSlackSender({ url }: { readonly url: string }): Sender {
  return {
    send(message, signal) {
      // Slack reads <…> and & as markup.
      const text = plainText(message).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      const body = JSON.stringify({ text, mrkdwn: false })
      return post({ url, contentType: 'application/json', body }, signal, (answer) =>
        answer.trim() === 'ok'
          ? { outcome: 'sent', detail: 'ok' }
          : { outcome: 'rejected', detail: `an answer that is not "ok": ${shown(answer)}` },
      )
    },
    close: async () => {},
  }
}
