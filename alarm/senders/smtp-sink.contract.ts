import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ReceivedMail {
  readonly from: string
  readonly to: string[]
  /** Headers and body as they came, lines joined by `\n`. */
  readonly text: string
}

export interface SmtpSink {
  readonly port: number
  readonly mails: ReceivedMail[]
  /** `user\0password` of every login, decoded. */
  readonly logins: string[]
  connections(): number
}

/**
 * A mail server that keeps what it gets: enough of SMTP for a client that pipelines nothing. `answer` may refuse a command
 * (`MAIL FROM:<…>`, `RCPT TO:<…>`, `DATA`, `.`, `AUTH …`) with a line such as `550 no`.
 */
export async function startSmtpSink(
  answer: (command: string) => string | undefined = () => undefined,
): Promise<SmtpSink> {
  const mails: ReceivedMail[] = []
  const logins: string[] = []
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let waiting = ''
    let lines: string[] | undefined
    let from = ''
    let to: string[] = []
    const say = (text: string) => socket.write(`${text}\r\n`)
    const take = (line: string) => {
      if (lines) {
        if (line !== '.') return void lines.push(line.replace(/^\./, ''))
        const text = lines.join('\n')
        lines = undefined
        const refusal = answer('.')
        if (refusal !== undefined) return say(refusal)
        mails.push({ from, to, text })
        return say('250 kept')
      }
      const refusal = answer(line)
      if (refusal !== undefined) return say(refusal)
      const [word = ''] = line.toUpperCase().split(/[ :]/)
      if (word === 'EHLO') return say('250-sink\r\n250-AUTH PLAIN\r\n250 8BITMIME')
      if (word === 'AUTH') {
        logins.push(
          Buffer.from(line.split(' ')[2] ?? '', 'base64')
            .toString()
            .slice(1),
        )
        return say('235 welcome')
      }
      if (word === 'MAIL') {
        from = /<(.*?)>/.exec(line)?.[1] ?? ''
        to = []
      }
      if (word === 'RCPT') to.push(/<(.*?)>/.exec(line)?.[1] ?? '')
      if (word === 'DATA') {
        lines = []
        return say('354 go on')
      }
      say(word === 'QUIT' ? '221 bye' : '250 ok')
      if (word === 'QUIT') socket.end()
      return undefined
    }
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      waiting += chunk
      const complete = waiting.split('\r\n')
      waiting = complete.pop() ?? ''
      for (const line of complete) take(line)
    })
    say('220 sink ESMTP')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  )
  return { port: (server.address() as AddressInfo).port, mails, logins, connections: () => connections }
}
