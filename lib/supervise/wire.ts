import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import type { ModuleStatus } from './supervisor.ts'

/** What the command line asks of the running supervisor, one JSON line on its socket. */
export interface Request {
  readonly action: 'start' | 'stop' | 'restart' | 'reload' | 'status'
  readonly modules: readonly string[]
}

/** What comes back: any number of progress lines, then one end. */
export type Answer =
  | { readonly kind: 'progress'; readonly module: string; readonly ok: boolean; readonly text: string }
  | { readonly kind: 'end'; readonly ok: boolean; readonly statuses: readonly ModuleStatus[] }

/**
 * Sends one request and hands over each answer as it arrives.
 * Resolves to the end, or to undefined when nobody listens on the socket.
 */
export function askSupervisor(
  socketPath: string,
  request: Request,
  onProgress: (answer: Answer & { kind: 'progress' }) => void,
): Promise<(Answer & { kind: 'end' }) | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(new Error(`Cannot talk to the supervisor on ${socketPath}: ${error.message}`, { cause: error }))
    })
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const answer = JSON.parse(line) as Answer
        if (answer.kind === 'progress') onProgress(answer)
        else {
          resolve(answer)
          socket.end()
        }
      }
    })
    socket.on('close', () => reject(new Error('The supervisor went away before it had answered')))
  })
}

/** Listens for requests; they are handled one after another, since two starts at once would race for ports. */
export async function serveSupervisor(
  socketPath: string,
  handle: (request: Request, progress: (module: string, ok: boolean, text: string) => void) => Promise<Answer>,
): Promise<Server> {
  let busy: Promise<unknown> = Promise.resolve()
  const server = createServer((socket) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy()) // The asker left; what it asked for goes on.
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end < 0) return
      const request = JSON.parse(text.slice(0, end)) as Request
      text = ''
      const send = (answer: Answer) => socket.writable && socket.write(`${JSON.stringify(answer)}\n`)
      const run = () =>
        handle(request, (module, ok, line) => send({ kind: 'progress', module, ok, text: line })).then(
          send,
          (error: Error) => {
            send({ kind: 'progress', module: 'control', ok: false, text: error.message })
            send({ kind: 'end', ok: false, statuses: [] })
          },
        )
      busy = request.action === 'status' ? (void run(), busy) : busy.then(run)
    })
  })
  rmSync(socketPath, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  return server
}
