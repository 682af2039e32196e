import type { AlarmEvent } from '#protocol'

/** A message as a provider gets it. */
export interface OutgoingMessage {
  /** Of this message and no other, the same at every attempt. */
  readonly id: string
  /** Addresses as the person's row has them; empty for a room. */
  readonly receivers: readonly string[]
  /** One line. */
  readonly subject: string
  /** Lines end with CRLF, as Open-Falcon writes them. */
  readonly content: string
  /** What it is about; several when notices were merged, none for a test. */
  readonly events: readonly AlarmEvent[]
}

/** What came of an attempt. Only `retry` may end differently if the same message is sent again. */
export type SendOutcome =
  | { readonly outcome: 'sent'; readonly detail: string }
  | { readonly outcome: 'retry'; readonly detail: string }
  | { readonly outcome: 'rejected'; readonly detail: string }

/** Speaks to a provider of messages. Calls may overlap; none comes after `close`. */
export interface Sender {
  /** Settles soon after `signal` aborts. What goes wrong at the provider is an outcome, not a throw. */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendOutcome>
  close(): Promise<void>
}

/** A text that says all, for providers without a subject. */
export function plainText({ subject, content }: OutgoingMessage): string {
  const body = content.replaceAll('\r\n', '\n').trimEnd()
  return body === '' || body === subject ? subject : `${subject}\n\n${body}`
}
