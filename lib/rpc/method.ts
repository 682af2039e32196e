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
