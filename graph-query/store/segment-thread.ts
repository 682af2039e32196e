import { Worker } from 'node:worker_threads'
import type { SegmentJob } from './segment-job.ts'
import type { JobMessage, WorkerMessage } from './segment-worker.ts'
import type { OnDamage } from './segment.ts'

/** Writes segments, so that whoever takes points and answers questions need not. */
export interface SegmentMaker {
  /** The path of the finished segment. Rejects when it could not be written; nothing has then changed. */
  make(job: SegmentJob): Promise<string>
  /** Gives up what is not finished; its jobs reject. */
  close(): Promise<void>
}

interface Waiting {
  resolve(path: string): void
  reject(error: Error): void
}

/** Points lie outside its heap; what is left are tables of pages. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 1024 }

/** A thread of its own for segments. It starts with the first job, and anew with the next one should it ever die. */
export function createSegmentThread(onDamage: OnDamage, startThread = startWorker): SegmentMaker {
  let worker: Worker | undefined
  let nextId = 1
  let closed = false
  const waiting = new Map<number, Waiting>()

  function start(): Worker {
    const thread = startThread()
    thread.on('message', (message: WorkerMessage) => {
      if ('damaged' in message) onDamage(message.damaged, message.where)
      else settle(thread, message)
    })
    thread.on('error', (error: Error) => gone(thread, error.message))
    thread.on('exit', (code) => gone(thread, `exit code ${code}`))
    return thread
  }

  function settle(thread: Worker, message: Exclude<WorkerMessage, { damaged: string }>): void {
    const job = waiting.get(message.id)
    waiting.delete(message.id)
    if (waiting.size === 0) thread.unref()
    if ('path' in message) job?.resolve(message.path)
    else job?.reject(Object.assign(new Error(message.error), { code: message.code }))
  }

  function gone(thread: Worker, why: string): void {
    if (thread !== worker) return
    worker = undefined
    const jobs = [...waiting.values()]
    waiting.clear()
    const reason = closed ? 'the store is closing' : `the thread that writes them ended: ${why}`
    for (const job of jobs) job.reject(new Error(`Cannot write segments: ${reason}`))
  }

  return {
    make(job) {
      if (closed) return Promise.reject(new Error('Cannot write segments: the store is closing'))
      const thread = (worker ??= start())
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        // The process must not end while it waits for this; an idle thread keeps nothing up.
        thread.ref()
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
        thread.postMessage({ id, job } satisfies JobMessage)
      })
    },
    async close() {
      closed = true
      await worker?.terminate()
    },
  }
}

/** The thread itself; a test keeps hold of it to end it. */
export function startWorker(): Worker {
  const file = new URL('./segment-worker.js', import.meta.url)
  if (!import.meta.url.endsWith('.ts')) return new Worker(file, { resourceLimits })
  // From source (tests, development): a thread does not inherit what turns TypeScript into JavaScript.
  const loader = import.meta.resolve('tsx/esm/api')
  const source = file.href.replace(/\.js$/, '.ts')
  return new Worker(
    `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(source)}) })`,
    { eval: true, execArgv: ['--conditions=source'], resourceLimits },
  )
}
