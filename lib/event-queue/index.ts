export { openEventQueue } from './event-queue.ts'
export type { EventQueue, EventQueueOptions, QueuedEvent, RedisOptions } from './event-queue.ts'
