import { setImmediate } from 'node:timers/promises'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { RpcClient } from '#lib/rpc'
import { readAnswers } from './read-rules.ts'
import { buildInTurns } from './rule-set.ts'
import type { BuiltRules, RuleSet } from './rule-set.ts'

export interface RulePull {
  /** Unix milliseconds of the last answer that was taken; 0 before the first. */
  readonly lastSuccess: number
  /** Why the last try was not taken; undefined when it was. */
  readonly failure: string | undefined
  /** Rules that were not understood in the last answer. */
  readonly problems: readonly string[]
  stop(): Promise<void>
}

export interface RulePullOptions {
  readonly client: Pick<RpcClient, 'call'>
  /** Asked before each pause. */
  readonly intervalSeconds: () => number
  readonly historyLimit: number
  readonly current: () => RuleSet
  /** Called with each good answer; with the current set itself when nothing changed. The next pull waits for it. */
  readonly taken: (rules: RuleSet) => Promise<void>
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
}

/** Until the first good answer, so that a fresh judge judges at once. */
const firstRetryMs = 1000

/** An hbs that suddenly knows no strategies at all is asked so often before it is believed. */
const emptyAnswersBelieved = 3

/**
 * Asks hbs for strategies and expressions again and again. Only a good answer changes anything: when hbs is away or
 * answers with an error, the last good rules stay in force. That no host has any strategy is believed when hbs keeps
 * saying so: the only host may be in maintenance, the last template unbound.
 */
export function startRulePull(options: RulePullOptions): RulePull {
  const { client, counters, log } = options
  let lastSuccess = 0
  let failure: string | undefined
  let problems: readonly string[] = []
  let emptyAnswers = 0
  let stopping = false
  let wake = () => {}

  async function pull(): Promise<string | undefined> {
    const answers = readAnswers(await client.call('Hbs.GetStrategies', {}), await client.call('Hbs.GetExpressions', {}))
    if (!answers.ok) return answers.reason
    const current = options.current()
    emptyAnswers = answers.value.hosts.length === 0 && current.hosts.size > 0 ? emptyAnswers + 1 : 0
    if (emptyAnswers > 0) counters.add('rules.emptyAnswers')
    if (emptyAnswers > 0 && emptyAnswers < emptyAnswersBelieved)
      return `hbs knows no strategies any more, which is believed when it says so ${emptyAnswersBelieved} times`
    const built = await build(buildInTurns(answers.value, current, options.historyLimit))
    if (built.problems.length > 0 && built.problems.join() !== problems.join())
      log.warn({ problems: built.problems.slice(0, 20) }, 'some rules are not understood')
    problems = built.problems
    if (!stopping) await options.taken(built.rules)
    return undefined
  }

  async function once(): Promise<void> {
    counters.add('rules.pulls')
    let reason: string | undefined
    try {
      reason = await pull()
    } catch (error) {
      reason = (error as Error).message
    }
    if (stopping) return
    if (reason === undefined) {
      if (failure !== undefined) log.info('rules are up to date again')
      lastSuccess = options.now()
    } else {
      counters.add('rules.pullFailures')
      if (failure === undefined) log.warn({ reason }, 'rules could not be refreshed, the last good ones stay in force')
    }
    failure = reason
  }

  async function run(): Promise<void> {
    for (;;) {
      await once()
      if (stopping) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lastSuccess === 0 ? firstRetryMs : options.intervalSeconds() * 1000)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  const running = run()
  return {
    get lastSuccess() {
      return lastSuccess
    },
    get failure() {
      return failure
    },
    get problems() {
      return problems
    },
    async stop() {
      stopping = true
      wake()
      await running
    },
  }
}

/** Batches are judged between the turns, so a big fleet's rules hold nobody up. */
async function build(building: Generator<void, BuiltRules>): Promise<BuiltRules> {
  for (;;) {
    const turn = building.next()
    if (turn.done === true) return turn.value
    await setImmediate()
  }
}
