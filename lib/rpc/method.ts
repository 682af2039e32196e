import { goJson } from '#protocol'
import type { RawArgument, Reading } from '#protocol'

/** One method as a server calls it. */
export interface RpcMethod<C> {
  /** `Service.Method`, as on the wire. */
  readonly name: string
  /** Rejects or throws when the method failed, which is answered with the error's message. */
  answer(raw: RawArgument, context: C, peer: string): Answer | Promise<Answer>
}

/** JSON text of the result, or why the argument was refused; either goes to the caller. */
export type Answer = { readonly result: string } | { readonly refused: string }

/**
 * A request that was understood from its bytes alone, without being parsed the general way. `run` is called once, before
 * anything else is read from any connection.
 */
export interface DirectRequest {
  /** To be echoed, as JSON text. */
  readonly id: string
  readonly method: string
  run(): Answer | Promise<Answer>
}

/**
 * Reads requests of the shape that nearly all have; undefined, and nothing has happened, for any other, which then goes
 * the general way. What it does read must be answered exactly as that way would.
 */
export type DirectReader = (request: Buffer) => DirectRequest | undefined

/** What a method is made of: its wire name, how its argument is read, what it answers. */
export interface MethodDefinition<A, R, C> {
  readonly name: string
  /** A refusal is answered as an error with its reason; the connection stays usable. */
  read(raw: RawArgument): Reading<A>
  /** `peer` is the caller's address, without the port. */
  handle(argument: A, context: C, peer: string): R | Promise<R>
  /** Told of each refused argument, for those who count them. */
  refused?(raw: RawArgument, reason: string, context: C, peer: string): void
  /** The result as JSON text; `goJson` unless given. */
  write?(result: R): string
}

export function defineMethod<A, R, C>(method: MethodDefinition<A, R, C>): RpcMethod<C> {
  const write = (result: R): Answer => ({ result: method.write?.(result) ?? goJson(result) })
  return {
    name: method.name,
    answer(raw, context, peer) {
      const reading = method.read(raw)
      if (!reading.ok) {
        method.refused?.(raw, reading.reason, context, peer)
        return { refused: reading.reason }
      }
      const result = method.handle(reading.value, context, peer)
      return result instanceof Promise ? result.then(write) : write(result)
    },
  }
}
