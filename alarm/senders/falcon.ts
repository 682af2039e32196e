import { post } from './http-post.ts'
import type { Sender } from './sender.ts'

/**
 * Open-Falcon's provider protocol: a form with `tos` (addresses separated by commas), `subject` when `subject` is set (mail), and `content`.
 * Any answer in the two hundreds is good.
 */
export function createFalconSender(options: { readonly url: string; readonly subject: boolean }): Sender {
  const { url, subject } = options
  return {
    send(message, signal) {
      // In this order, blanks as +, as Go writes forms.
      const form = new URLSearchParams([['tos', message.receivers.join(',')]])
      if (subject) form.append('subject', message.subject)
      form.append('content', message.content)
      return post({ url, contentType: 'application/x-www-form-urlencoded', body: goForm(form) }, signal)
    },
    close: async () => {},
  }
}

/** Go leaves `~` and escapes `*`; JavaScript does the opposite. */
function goForm(form: URLSearchParams): string {
  return form.toString().replaceAll('*', '%2A').replaceAll('%7E', '~')
}
