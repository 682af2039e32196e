import { openEventQueue } from '#lib/event-queue'
import type { EventQueue } from '#lib/event-queue'
import { applySchema, openDatabase } from '#lib/sql'
import type { Database } from '#lib/sql'
import { usesRedis } from '../config.ts'
import type { JudgeConfig } from '../config.ts'
import type { JudgeState } from '../engine/state.ts'
import { createFrameWriter } from '../journal/frame.ts'
import { startPublisher } from './publisher.ts'
import type { Publisher } from './publisher.ts'

/** Opens the queue that the configuration names and begins to send what waits. Connecting waits for the first event. */
export function startSending(config: JudgeConfig, state: JudgeState, producer: string): Publisher {
  const { counters, log } = state
  const { queue, database } = openQueue(config, state)
  const marks = createFrameWriter()
  let tablesThere = database?.dialect !== 'sqlite'

  const publisher = startPublisher({
    outbox: state.outbox,
    queue,
    producer,
    counters,
    log,
    async beforePush() {
      // On one machine judge may be started before hbs, which makes the tables otherwise.
      if (!tablesThere && database) await applySchema(database)
      tablesThere = true
      await state.journal.sync()
    },
    queued(sequence) {
      try {
        marks.record({ is: 'queued', sequence })
        state.journal.append(marks.finish())
      } catch (error) {
        // Not lost: after a restart the events are pushed again and the queue passes them over.
        marks.discard()
        counters.add('journal.failures')
        log.warn({ err: error }, 'journal does not know that events were queued')
      }
    },
  })
  return {
    get failure() {
      return publisher.failure
    },
    async stop() {
      await publisher.stop()
      await queue.close()
      await database?.close()
    },
  }
}

function openQueue(config: JudgeConfig, state: JudgeState): { queue: EventQueue; database: Database | undefined } {
  const { queuePattern, redis } = config.alarm
  if (!usesRedis(config)) {
    const database = openDatabase(config.alarm.database)
    return { queue: openEventQueue({ database, queuePattern, log: state.log }), database }
  }
  const options = {
    dsn: redis.dsn === '' ? undefined : redis.dsn,
    password: redis.password,
    sentinel: redis.sentinel,
    cluster: redis.cluster,
    connectTimeoutMs: redis.connTimeout,
    commandTimeoutMs: redis.readTimeout,
  }
  return { queue: openEventQueue({ redis: options, queuePattern, log: state.log }), database: undefined }
}
