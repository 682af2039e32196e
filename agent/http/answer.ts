/** What a route answers. The length is set from the body. */
export interface Answer {
  readonly status: number
  readonly body: string | Buffer
  /** Absent: no body to speak of. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

const plain = 'text/plain; charset=utf-8'

/** A plain text, as most of Open-Falcon's agent routes answer. */
export function text(body: string, status = 200): Answer {
  return { status, contentType: plain, body }
}

/** An error as Go's server writes one: plain text with a line end, not to be taken for anything else. */
export function failure(status: number, body: string): Answer {
  return { status, contentType: plain, body: `${body}\n`, headers: { 'X-Content-Type-Options': 'nosniff' } }
}

/** `{"msg":"success","data":…}` */
export function data(value: unknown): Answer {
  return json({ msg: 'success', data: value })
}

/** `{"msg":…}`: the question was understood, but there is nothing to say. */
export function message(msg: string): Answer {
  return json({ msg })
}

export function json(value: unknown): Answer {
  return { status: 200, contentType: 'application/json; charset=UTF-8', body: JSON.stringify(value) }
}

export function redirect(location: string, body = ''): Answer {
  return {
    status: 301,
    body,
    headers: { Location: location },
    ...(body === '' ? {} : { contentType: 'text/html; charset=utf-8' }),
  }
}

/** Text that may stand in HTML, in an attribute as well. */
export function escapeHtml(value: string): string {
  return value.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
