import { expect, onTestFinished, test } from 'vitest'
import { message } from './sender.contract.ts'
import { startSmtpSink } from './smtp-sink.contract.ts'
import { createSmtpSender } from './smtp.ts'
import type { SmtpOptions } from './smtp.ts'

const mail = { ...message, receivers: ['alice@example.com', 'bob@example.com'] }
const never = () => new AbortController().signal

function opened(port: number, more: Partial<SmtpOptions> = {}) {
  const sender = createSmtpSender({
    host: '127.0.0.1',
    port,
    tls: 'none',
    verify: true,
    user: '',
    password: '',
    from: 'Falcon <falcon@example.com>',
    connections: 2,
    timeoutMs: 2000,
    ...more,
  })
  onTestFinished(() => sender.close())
  return sender
}

/** A mail's body and subject, decoded. */
function decoded(text: string): { subject: string; body: string; head: string } {
  const at = text.indexOf('\n\n')
  const head = text.slice(0, at).replaceAll(/\n[ \t]/g, ' ')
  const raw = text.slice(at + 2)
  const body = /transfer-encoding: base64/i.test(head)
    ? Buffer.from(raw, 'base64').toString()
    : /quoted-printable/i.test(head)
      ? Buffer.from(
          raw
            .replaceAll('=\n', '')
            .replaceAll(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
          'latin1',
        ).toString()
      : raw
  const subject = /^Subject: (.*)$/im.exec(head)?.[1] ?? ''
  const words = subject.replaceAll(/\?=\s+=\?/g, '?==?')
  const plain = words.replaceAll(/=\?UTF-8\?([BQ])\?(.*?)\?=/gi, (_, kind: string, word: string) =>
    kind.toUpperCase() === 'B'
      ? Buffer.from(word, 'base64').toString('latin1')
      : word
          .replaceAll('_', ' ')
          .replaceAll(/=([\dA-F]{2})/g, (_match, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  )
  return { subject: Buffer.from(plain, 'latin1').toString(), body, head }
}

test('a mail arrives for all its receivers, with subject, text and a Message-ID of its own', async () => {
  const sink = await startSmtpSink()
  const sender = opened(sink.port, { user: 'falcon', password: 's3cret' })
  expect(await sender.send(mail, never())).toEqual({ outcome: 'sent', detail: '250 kept' })
  expect(sink.logins).toEqual(['falcon\0s3cret'])
  const [received] = sink.mails
  expect(received).toMatchObject({ from: 'falcon@example.com', to: mail.receivers })
  const { subject, body, head } = decoded(received?.text ?? '')
  expect(subject).toBe(mail.subject)
  expect(body.trimEnd().replaceAll('\r\n', '\n')).toBe(mail.content.trimEnd().replaceAll('\r\n', '\n'))
  expect(head).toContain(`Message-ID: <${mail.id}@falcon-alarm>`)
})

test('connections are kept for the next mail', async () => {
  const sink = await startSmtpSink()
  const sender = opened(sink.port)
  for (let i = 0; i < 5; i++) expect((await sender.send(mail, never())).outcome).toBe('sent')
  expect(sink.mails).toHaveLength(5)
  expect(sink.connections()).toBe(1)
})

test('a refusal for ever is rejected, one for now and a wrong password may be tried again', async () => {
  const refusing = async (command: string, line: string, login = {}) => {
    const sink = await startSmtpSink((given) => (given.startsWith(command) ? line : undefined))
    return opened(sink.port, login).send(mail, never())
  }
  expect((await refusing('RCPT', '550 no such user')).outcome).toBe('rejected')
  expect((await refusing('.', '554 spam')).outcome).toBe('rejected')
  expect((await refusing('.', '451 later')).outcome).toBe('retry')
  expect((await refusing('MAIL', '421 busy')).outcome).toBe('retry')
  expect((await refusing('AUTH', '535 wrong', { user: 'a', password: 'b' })).outcome).toBe('retry')
})

test('one bad receiver does not keep the mail from the others, and is named', async () => {
  const sink = await startSmtpSink((given) => (given.includes('bob@') ? '550 no such user' : undefined))
  const outcome = await opened(sink.port).send(mail, never())
  expect(outcome).toEqual({ outcome: 'sent', detail: '250 kept, refused for bob@example.com' })
  expect(sink.mails).toMatchObject([{ to: ['alice@example.com'] }])
})

test('a server that is away or says nothing is an outcome', async () => {
  const sink = await startSmtpSink((given) => (given.startsWith('DATA') ? '' : undefined))
  expect(await opened(sink.port).send(mail, AbortSignal.timeout(100))).toMatchObject({ outcome: 'retry' })
  expect(await opened(1).send(mail, never())).toMatchObject({
    outcome: 'retry',
    detail: expect.stringContaining('ECONNREFUSED') as string,
  })
})
