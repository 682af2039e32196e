import { parentPort } from 'node:worker_threads'
import { runSegmentJob } from './segment-job.ts'
import type { SegmentJob } from './segment-job.ts'
import { openSegment } from './segment.ts'

/** What the thread is asked. */
export interface JobMessage {
  readonly id: number
  readonly job: SegmentJob
}

/** What the thread says: how a job ended, or which damage it met on the way. */
export type WorkerMessage =
  | { readonly id: number; readonly path: string }
  | { readonly id: number; readonly error: string; readonly code: string | undefined }
  | { readonly damaged: string; readonly where: string }

/** The thread that writes segments. Jobs are begun as they come; while one waits for the disk another goes on. */
parentPort?.on('message', ({ id, job }: JobMessage) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  const say = (message: WorkerMessage) => parentPort?.postMessage(message)
  const open = (path: string) => openSegment(path, (damaged, where) => say({ damaged, where }))
  runSegmentJob(job, open).then(
    (path) => say({ id, path }),
    (error: NodeJS.ErrnoException) => say({ id, error: error.message, code: error.code }),
  )
})
