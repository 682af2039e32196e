export { openEventQueue } from './open-event-queue.ts'
export type { EventQueue, EventQueueOptions, QueuedEvent } from './event-queue.ts'
export { openEventConsumer } from './open-event-consumer.ts'
export type { EventConsumer, EventConsumerOptions, TakenEvent } from './event-consumer.ts'
