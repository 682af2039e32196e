import { goJson } from '#protocol'
import type { RawArgument, Reading } from '#protocol'

/** One method as a server calls it. */
export interface RpcMethod<C> {
  /** `Service.Method`, as on the wire. */
  readonly name: string
  /** Rejects or throws when the method failed, which is answered with the error's message. */
  answer(raw: RawArgument, context: C): Answer | Promise<Answer>
}

/** JSON text of the result, or why the argument was refused; either goes to the caller. */
export type Answer = { readonly result: string } | { readonly refused: string }

/** What a method is made of: its wire name, how its argument is read, what it answers. */
export interface MethodDefinition<A, R, C> {
  readonly name: string
  /** A refusal is answered as an error with its reason; the connection stays usable. */
  read(raw: RawArgument): Reading<A>
  handle(argument: A, context: C): R | Promise<R>
  /** The result as JSON text; `goJson` unless given. */
  write?(result: R): string
}

export function defineMethod<A, R, C>(method: MethodDefinition<A, R, C>): RpcMethod<C> {
  const write = (result: R): Answer => ({ result: method.write?.(result) ?? goJson(result) })
  return {
    name: method.name,
    answer(raw, context) {
      const reading = method.read(raw)
      if (!reading.ok) return { refused: reading.reason }
      const result = method.handle(reading.value, context)
      return result instanceof Promise ? result.then(write) : write(result)
    },
  }
}
