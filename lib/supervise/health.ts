import { get } from 'node:http'

/** What a module says of itself. */
export interface Health {
  readonly healthy: boolean
  /** What a module that is still starting is busy with. */
  readonly busy?: string
}

/** Longest sentence that is shown. */
const mostCharacters = 300

/** Asks `GET http://127.0.0.1:<port>/health`: 200 is healthy, 503 is busy with what the text says. No answer within two seconds is neither. */
export function askHealth(port: number): Promise<Health> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/health', timeout: 2000, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, mostCharacters)))
      response.on('end', () =>
        resolve(
          response.statusCode === 503
            ? { healthy: false, busy: text.trim() }
            : { healthy: response.statusCode === 200 },
        ),
      )
      response.on('error', () => resolve({ healthy: false }))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve({ healthy: false }))
  })
}
