import { goJson } from '#protocol'
import type { DirectRequest } from './method.ts'
import type { RpcRequest } from './request.ts'

/** What becomes of one request: JSON text of the result, or the text of an error. */
export type Outcome = { readonly result: string } | { readonly error: string }

/** Runs requests; `done` is called once, perhaps before this returns. */
export interface Dispatch {
  /** `peer` is the caller's address. */
  call(request: RpcRequest, peer: string, done: (outcome: Outcome) => void): void
  run(request: DirectRequest, done: (outcome: Outcome) => void): void
}

/** The bytes of a reply: one line, these three members in this order, as Go writes it. */
export function formatReply(id: string | Buffer, outcome: Outcome): string | Buffer {
  const rest =
    'result' in outcome
      ? `,"result":${outcome.result},"error":null}\n`
      : `,"result":null,"error":${goJson(outcome.error)}}\n`
  return typeof id === 'string' ? `{"id":${id}${rest}` : Buffer.concat([Buffer.from('{"id":'), id, Buffer.from(rest)])
}
