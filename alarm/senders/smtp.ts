import { createTransport } from 'nodemailer'
import type { Sender, SendOutcome } from './sender.ts'

export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** `starttls` when the server offers it, `required` always, `implicit` from the first byte (port 465). */
  readonly tls: 'none' | 'starttls' | 'required' | 'implicit'
  readonly verify: boolean
  readonly user: string
  readonly password: string
  readonly from: string
  readonly connections: number
  readonly timeoutMs: number
}

/** Mail over SMTP, on connections that are kept. The Message-ID is the message's, so that a mail that came twice shows as one. */
export function createSmtpSender(options: SmtpOptions): Sender {
  const { host, port, tls, verify, user, password, from, connections, timeoutMs } = options
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'none',
    tls: { rejectUnauthorized: verify },
    ...(user === '' ? {} : { auth: { user, pass: password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // A text of an event must never make this process open a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send(message, signal) {
      const mail = transport.sendMail({
        from,
        to: [...message.receivers],
        subject: message.subject,
        text: message.content,
        messageId: `<${message.id}@falcon-alarm>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
      try {
        const { response, rejected } = await Promise.race([mail, aborted(signal)])
        // Others got it; to try again would tell them twice.
        const missed = rejected.length > 0 ? `, refused for ${rejected.map(addressText).join(', ')}` : ''
        return { outcome: 'sent', detail: `${response}${missed}` }
      } catch (error) {
        mail.catch(() => undefined)
        return failure(error as Error & { responseCode?: number })
      }
    },
    close: async () => transport.close(),
  }
}

/** 5xx of SMTP is final, everything else may change. */
function failure({ message, responseCode }: { message: string; responseCode?: number }): SendOutcome {
  const final = responseCode !== undefined && responseCode >= 500
  // A refused login is the configuration's fault: what waits is sent when it is right.
  return { outcome: final && responseCode !== 535 ? 'rejected' : 'retry', detail: message }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const tell = () => reject(new Error('no answer in time'))
    if (signal.aborted) tell()
    else signal.addEventListener('abort', tell, { once: true })
  })
}

const addressText = (address: string | { address: string }) => (typeof address === 'string' ? address : address.address)
