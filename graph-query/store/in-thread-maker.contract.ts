import { runSegmentJob } from './segment-job.ts'
import type { SegmentMaker } from './segment-thread.ts'
import { openSegment } from './segment.ts'
import type { OnDamage } from './segment.ts'

/** What the thread does, done at once where it is asked: tests that open hundreds of stores need not wait for threads. */
export function createInThreadMaker(onDamage: OnDamage): SegmentMaker {
  return {
    make: (job) => runSegmentJob(job, (path) => openSegment(path, onDamage)),
    close: async () => undefined,
  }
}
