import { expect, test } from 'vitest'
import { startSink } from '../alarm-stand.contract.ts'
import type { Received } from '../alarm-stand.contract.ts'
import type { OutgoingMessage, Sender } from './sender.ts'

export const message: OutgoingMessage = {
  id: '00000193a1b2c3d4e5f60718293a4b5c',
  receivers: ['10000000001', '10000000002'],
  subject: '[P0][PROBLEM][h1][][磁盘满 all(#3) df  95>90][O1 2026-11-20 14:48:00]',
  content: 'PROBLEM\r\nP0\r\nEndpoint:h1 & <h2>\r\n',
  events: [],
}

/** A provider over HTTP, seen from its sink. */
export interface ProviderUnderTest {
  /** Its sender, for the base address of the sink. */
  readonly create: (base: string) => Sender
  /** What it says when it has the message. */
  readonly good: string
  /** What it says with status 200 and means no by, if it does that; for ever and for now. */
  readonly refusal?: string
  readonly busy?: string
}

/** What every sender over HTTP keeps. Returns what the sink got for `message`. */
export function senderContract(name: string, provider: ProviderUnderTest): void {
  const withSink = async (...answer: Parameters<typeof startSink>) => {
    const sink = await startSink(...answer)
    return { sink, sender: provider.create(`http://127.0.0.1:${sink.port}`) }
  }
  const never = () => new AbortController().signal

  test(`${name}: a good answer is sent, by one POST`, async () => {
    const { sink, sender } = await withSink(() => ({ body: provider.good }))
    expect(await sender.send(message, never())).toMatchObject({ outcome: 'sent' })
    expect(sink.received.map(({ method }) => method)).toEqual(['POST'])
    await sender.close()
  })

  test(`${name}: its own fault and too much at once may be tried again, a refusal may not`, async () => {
    for (const [status, outcome] of [
      [500, 'retry'],
      [503, 'retry'],
      [429, 'retry'],
      [400, 'rejected'],
      [404, 'rejected'],
      [302, 'rejected'],
    ] as const) {
      const { sender } = await withSink(() => ({ status, body: 'a reason' }))
      const answer = await sender.send(message, never())
      expect([status, answer.outcome, answer.detail]).toEqual([status, outcome, `status ${status}: a reason`])
    }
  })

  test(`${name}: nobody there, and no answer in time, are told as outcomes`, async () => {
    const { sink, sender } = await withSink(() => ({ hang: true }))
    expect(await sender.send(message, AbortSignal.timeout(50))).toEqual({
      outcome: 'retry',
      detail: 'no answer in time',
    })
    await sink.close()
    const gone = await sender.send(message, never())
    expect(gone.outcome).toBe('retry')
    expect(gone.detail).toContain('ECONNREFUSED')
  })

  if (provider.refusal !== undefined)
    test(`${name}: a refusal inside a good answer is one`, async () => {
      const { sender } = await withSink(() => ({ body: provider.refusal ?? '' }))
      expect((await sender.send(message, never())).outcome).toBe('rejected')
    })

  if (provider.busy !== undefined)
    test(`${name}: "too many" inside a good answer may be tried again`, async () => {
      const { sender } = await withSink(() => ({ body: provider.busy ?? '' }))
      expect((await sender.send(message, never())).outcome).toBe('retry')
    })
}

/** What a provider got for a message. */
export async function sentBy(
  create: (base: string) => Sender,
  good: string,
  sent: OutgoingMessage = message,
): Promise<Received> {
  const sink = await startSink(() => ({ body: good }))
  const sender = create(`http://127.0.0.1:${sink.port}`)
  expect((await sender.send(sent, AbortSignal.timeout(5000))).outcome).toBe('sent')
  await sender.close()
  const [received] = sink.received
  if (!received) throw new Error('The provider got nothing')
  return received
}
