export { openEventQueue } from './open-event-queue.ts'
export type { EventQueue, EventQueueOptions, QueuedEvent } from './event-queue.ts'
