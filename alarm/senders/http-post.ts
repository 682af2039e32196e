import type { SendOutcome } from './sender.ts'

export interface Post {
  readonly url: string
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Read of an answer at most: enough to say what the provider thinks. */
const longestAnswer = 64 * 1024

/**
 * One POST. Failed connections, timeouts, 408, 425, 429 and what the provider calls its own fault (5xx) may be tried again;
 * other refusals would be repeated. `judge` looks into the answer of a provider that says 200 to everything.
 */
export async function post(
  { url, contentType, body, headers }: Post,
  signal: AbortSignal,
  judge: (answer: string) => SendOutcome = (answer) => ({ outcome: 'sent', detail: shown(answer) }),
): Promise<SendOutcome> {
  let status: number
  let answer: string
  try {
    const response = await fetch(url, {
      method: 'POST',
      // A provider that moved is a configuration to correct; a POST that became a GET would be lost unnoticed.
      redirect: 'manual',
      headers: { 'content-type': contentType, ...headers },
      body,
      signal,
    })
    status = response.status
    answer = await beginning(response)
  } catch (error) {
    return { outcome: 'retry', detail: reasonOf(error) }
  }
  if (status >= 200 && status < 300) return judge(answer)
  const again = status >= 500 || status === 408 || status === 425 || status === 429
  return { outcome: again ? 'retry' : 'rejected', detail: `status ${status}: ${shown(answer)}` }
}

async function beginning(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array)
    length += (part as Uint8Array).byteLength
    if (length >= longestAnswer) break
  }
  return Buffer.concat(parts).toString('utf8')
}

/** `fetch` hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { message?: string; code?: string } }
  if (name === 'TimeoutError') return 'no answer in time'
  return [message, cause?.message === '' ? cause.code : cause?.message].filter(Boolean).join(': ')
}

/** Short enough for a row of the ledger. */
export function shown(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 297)}...` : line
}

/** Judges answers such as `{"errcode":0,"errmsg":"ok"}`: `codes` names the members that hold 0 when all is well. */
export function jsonVerdict(codes: readonly string[], again: readonly number[]): (answer: string) => SendOutcome {
  return (answer) => {
    let read: Record<string, unknown> | null
    try {
      read = JSON.parse(answer) as Record<string, unknown> | null
    } catch {
      return { outcome: 'retry', detail: `an answer that is not JSON: ${shown(answer)}` }
    }
    const code = codes.map((name) => read?.[name]).find((value) => value !== undefined)
    if (code === 0) return { outcome: 'sent', detail: shown(answer) }
    return { outcome: again.includes(Number(code)) ? 'retry' : 'rejected', detail: shown(answer) }
  }
}
