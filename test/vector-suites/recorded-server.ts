import { readAgentHeartbeat, readAgentReport, readMetricValues, readNullRequest, refusalOf } from '#protocol'
import type { RawArgument, Reading } from '#protocol'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { defineMethod, listenRpc } from '#lib/rpc'
import type { RpcMethod, RpcServer } from '#lib/rpc'

const readers: Record<string, (raw: RawArgument) => Reading<unknown>> = {
  'Agent.ReportStatus': readAgentReport,
  'Agent.MinePlugins': readAgentHeartbeat,
  'Agent.BuiltinMetrics': readAgentHeartbeat,
  'Agent.TrustableIps': readNullRequest,
  'Hbs.GetStrategies': readNullRequest,
  'Hbs.GetExpressions': readNullRequest,
}

/** What a transfer answers, with nothing behind it. */
export const transferMethods: RpcMethod<undefined>[] = [
  defineMethod({ name: 'Transfer.Ping', read: readNullRequest, handle: () => ({ code: 0 }) }),
  defineMethod({
    name: 'Transfer.Update',
    read: readMetricValues,
    handle: (items) => ({
      Message: 'ok',
      Total: items.length,
      Invalid: items.filter((item) => refusalOf(item) !== undefined).length,
      Latency: 0,
    }),
  }),
]

/**
 * The methods of hbs, reading their arguments for real and answering what was recorded for the same argument, in the
 * order of the recording where it has several answers.
 */
export function hbsMethods(recorded: readonly { request: string; response: string }[]): RpcMethod<undefined>[] {
  const answers = new Map<string, unknown[]>()
  for (const { request, response } of recorded) {
    const call = parsed(request) as { method?: string; params?: unknown } | undefined
    const reply = parsed(response) as { result?: unknown; error?: unknown } | undefined
    if (!Array.isArray(call?.params) || reply === undefined || reply.error !== null) continue
    const key = `${call.method} ${JSON.stringify((call.params as unknown[])[0] ?? null)}`
    answers.set(key, [...(answers.get(key) ?? []), reply.result])
  }
  return Object.entries(readers).map(([name, read]) =>
    defineMethod({
      name,
      read: (raw): Reading<string> => {
        const reading = read(raw)
        return reading.ok ? { ok: true, value: JSON.stringify(raw.value ?? null) } : reading
      },
      handle(argument) {
        const left = answers.get(`${name} ${argument}`) ?? []
        return left.length > 1 ? left.shift() : left[0]
      },
    }),
  )
}

export async function listenRecorded(
  methods: readonly RpcMethod<undefined>[],
  counters: Counters = createCounters(),
): Promise<RpcServer> {
  return listenRpc({ listen: '127.0.0.1:0', methods, context: undefined, counters, log: createLogger('test') })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined // a probe that is not JSON on purpose
  }
}
