import type { Channel } from '../channels.ts'
import { createSender } from '../senders/index.ts'
import type { OutgoingMessage, Sender, SendOutcome } from '../senders/sender.ts'
import { startChannelWorker } from './channel-worker.ts'
import type { ChannelWorker, ChannelWorkerOptions, HandOver } from './channel-worker.ts'
import type { MessageStore } from './message-store.ts'
import { createReceiverPace } from './receiver-pace.ts'

export interface Delivery {
  /** There are new messages in these channels. */
  wake(channels: Iterable<string>): void
  /** Hands a message to a channel's provider past the ledger, to see what it says. Undefined: there is no such channel. */
  test(channel: string, message: OutgoingMessage): Promise<SendOutcome | undefined>
  stop(): Promise<void>
}

export interface DeliveryOptions extends Pick<ChannelWorkerOptions, 'store' | 'retry' | 'counters' | 'log' | 'now'> {
  readonly channels: readonly Channel[]
  /** Undefined: callbacks are off. */
  readonly callback: { readonly handOver: HandOver; readonly workers: number; readonly timeoutMs: number } | undefined
}

/** A worker for each channel, and one for callbacks. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { channels, callback, store, now } = options
  const senders = new Map<string, Sender>()
  const workers = new Map<string, ChannelWorker>()
  for (const { name, provider } of channels) {
    const sender = createSender(provider, now)
    senders.set(name, sender)
    workers.set(
      name,
      startChannelWorker({
        ...options,
        channel: name,
        handOver: handOverTo(sender, store, provider.type === 'webhook'),
        workers: provider.workers,
        timeoutMs: provider.timeoutMs,
        pace: provider.perReceiver && createReceiverPace(provider.perReceiver, now),
      }),
    )
  }
  if (callback) workers.set('callback', startChannelWorker({ ...options, channel: 'callback', ...callback }))

  return {
    wake(names) {
      for (const name of names) workers.get(name)?.wake()
    },
    async test(name, message) {
      const timeoutMs = channels.find((channel) => channel.name === name)?.provider.timeoutMs ?? 0
      return senders.get(name)?.send(message, AbortSignal.timeout(timeoutMs))
    },
    async stop() {
      await Promise.all([...workers.values()].map((worker) => worker.stop()))
      await Promise.all([...senders.values()].map((sender) => sender.close()))
    },
  }
}

function handOverTo(sender: Sender, store: MessageStore, wantsEvents: boolean): HandOver {
  return async (message, signal) =>
    sender.send(
      {
        id: message.id,
        receivers: JSON.parse(message.receivers) as string[],
        subject: message.subject,
        content: message.content,
        events: wantsEvents ? await store.eventsOf(message) : [],
      },
      signal,
    )
}
