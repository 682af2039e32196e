import jayson from 'jayson'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { RpcRefusal } from './errors.ts'
import type { Answer, RpcMethod } from './method.ts'
import type { Dispatch, Outcome } from './reply.ts'
import type { RpcRequest } from './request.ts'

interface Reply {
  readonly error: string | null
  readonly result?: string
}

type Handler = (
  params: [RpcRequest['argument'], string],
  reply: (error: string | null, result?: string) => void,
) => void

/** jayson's types know errors as objects only, though it passes on any. */
function jaysonMethod(handler: Handler): jayson.Method {
  return new jayson.Method(handler as unknown as jayson.MethodHandler)
}

/**
 * Finds a request's method and runs it, in the hands of jayson's server, whose errors are made the strings that Go's
 * clients expect. Each request is counted in exactly one of `rpc.answered`, `rpc.refused` (its argument was bad),
 * `rpc.failed` (the method threw) and `rpc.unknownMethod`.
 */
export function createDispatch<C>(options: {
  methods: readonly RpcMethod<C>[]
  context: C
  counters: Counters
  log: Logger
}): Dispatch {
  const { methods, context, counters, log } = options
  const known = new Map(methods.map((method) => [method.name, handlerOf(method)]))
  const services = new Set(methods.map((method) => serviceOf(method.name)))
  let toldAt = -Infinity
  let untold = 0

  /** One line a second: what fails, say because a disk is full, fails for every caller. */
  function tell(error: unknown, method: string): void {
    if (performance.now() - toldAt < 1000) {
      untold++
      return
    }
    log.error({ err: error, method, ...(untold > 0 && { failedUntold: untold }) }, 'method failed')
    toldAt = performance.now()
    untold = 0
  }

  function handlerOf(method: RpcMethod<C>): jayson.Method {
    return jaysonMethod((params, reply) => {
      // jayson holds the parameters until the answer is there, which a large argument need not wait for.
      const [argument, peer] = params.splice(0) as typeof params
      settle(
        method.name,
        () => ('missing' in argument ? { refused: argument.missing } : method.answer(argument, context, peer)),
        reply,
      )
    })
  }

  /** Runs a method, counts what became of it and replies. */
  function settle(
    method: string,
    run: () => Answer | Promise<Answer>,
    reply: (error: string | null, result?: string) => void,
  ): void {
    const answered = (answer: Answer) => {
      const refused = 'refused' in answer
      counters.add(refused ? 'rpc.refused' : 'rpc.answered')
      if (refused) reply(answer.refused)
      else reply(null, answer.result)
    }
    const fail = (error: unknown) => {
      if (error instanceof RpcRefusal) return answered({ refused: error.message })
      counters.add('rpc.failed')
      tell(error, method)
      reply(error instanceof Error && error.message !== '' ? error.message : 'internal error')
    }
    try {
      const answer = run()
      if (answer instanceof Promise) answer.then(answered).catch(fail)
      else answered(answer)
    } catch (error) {
      fail(error)
    }
  }

  function unknown(name: string): jayson.Method {
    return jaysonMethod((_params, reply) => {
      counters.add('rpc.unknownMethod')
      if (!name.includes('.')) reply(`rpc: service/method request ill-formed: ${name}`)
      else reply(`rpc: can't find ${services.has(serviceOf(name)) ? 'method' : 'service'} ${name}`)
    })
  }

  const server = new jayson.Server({}, { version: 1, router: (name) => known.get(name) ?? unknown(name) })
  const outcomeOf = (error: string | null, result?: string): Outcome =>
    error === null ? { result: result ?? 'null' } : { error }
  return {
    call({ method, argument }, peer, done) {
      // Our own id is given, since to jayson a request with the id null wants no answer.
      server.call({ method, params: [argument, peer], id: 0 }, (failed: unknown, succeeded: unknown) => {
        const { error, result } = (failed ?? succeeded) as Reply
        done(outcomeOf(error, result))
      })
    },
    run(request, done) {
      settle(
        request.method,
        () => request.run(),
        (error, result) => done(outcomeOf(error, result)),
      )
    },
  }
}

/** What precedes the last dot. */
function serviceOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0))
}
