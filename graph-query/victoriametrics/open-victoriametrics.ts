import type { Counters } from '#lib/counters'
import { listenLink } from '#lib/link'
import type { Logger } from '#lib/log'
import type { GraphQueryConfig } from '../config.ts'
import type { Engine } from '../engine.ts'
import { createVictoriametricsClient } from './client.ts'
import { createClock } from './clock.ts'
import { createVictoriametricsIntake } from './intake.ts'
import { createVictoriametricsReader } from './reader.ts'
import { createVariants } from './variants.ts'
import { watchServer } from './watch-server.ts'
import { createWrites } from './writes.ts'

/** Needs no answer of the server, which may come up later. `now` is in milliseconds. */
export function openVictoriametrics(
  { storage, victoriametrics: settings }: GraphQueryConfig,
  { now, counters, log }: { readonly now: () => number; readonly counters: Counters; readonly log: Logger },
): Engine {
  const clock = createClock(() => Math.floor(now() / 1000), storage.expireDays * 86_400)
  const client = createVictoriametricsClient({
    write: settings.write,
    read: settings.read,
    delete: settings.delete === '' ? deletionOf(settings.read) : settings.delete,
    username: settings.username,
    password: settings.password,
    timeoutMs: settings.timeout,
  })
  const variants = createVariants(client, clock)
  const rawRetentionSeconds = storage.rawDays * 86_400
  const writes = createWrites({ client, rewriteMs: settings.rewriteSeconds * 1000, counters, log })
  const watch = settings.rewriteSeconds === 0 ? undefined : watchServer(settings.write, () => writes.rewrite())
  counters.gauge('rewrite.waiting', () => writes.waiting())
  const intake = createVictoriametricsIntake({
    writes,
    clock,
    rawRetentionSeconds,
    onDefine: (endpoint, counter) => variants.forget(endpoint, counter),
    counters,
    log,
  })
  const reader = createVictoriametricsReader({
    client,
    variants,
    clock,
    archives: storage.archives,
    rawRetentionSeconds,
  })
  return {
    reader,
    own: reader,
    nodeOf: () => '',
    listen: (options) => listenLink({ ...options, handler: intake.handler }),
    notices: () =>
      [
        intake.notice() ?? [],
        writes.waiting() === 0 ? [] : 'VictoriaMetrics went away, and what it took last waits to be written again',
      ].flat(),
    async close() {
      watch?.stop()
      writes.close()
    },
  }
}

/** A cluster reads below `/select/<account>` and deletes below `/delete/<account>`; a single server knows one address. */
function deletionOf(read: string): string {
  const url = new URL(read)
  url.pathname = url.pathname.replace(/^\/select\//, '/delete/')
  return url.href
}
