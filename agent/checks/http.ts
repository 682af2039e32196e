import { defineCheck } from './check.ts'
import { eachTarget } from './each-target.ts'
import { expressionProblem } from './expression.ts'
import type { HttpTarget } from './http-target.ts'
import { readOptions } from './options.ts'
import type { OptionReader } from './options.ts'
import { readWebAddress } from './web-address.ts'

/** Requests at a time. */
const parallel = 200

const keys = {
  keys: ['method', 'status', 'redirects', 'timeout', 'insecure', 'ip'],
  texts: ['url', 'headers', 'body', 'text', 'match'],
}

/** `url=<url>` and the options above: whether the answer is a good one, its status and latency, days left to the certificate. */
export const http = defineCheck<HttpTarget>({
  name: 'http',
  timesAnswers: true,
  metrics: ['http.ok', 'http.status', 'http.latency', 'http.cert.days'],
  read: (tags, options) => readOptions(tags, options, keys, readTarget),
  async run(targets, { names }) {
    const { checkUrl } = await import('./http-answer.ts')
    const longestMs = ({ timeoutMs }: HttpTarget) => timeoutMs
    return await eachTarget(targets, { parallel, longestMs }, (target) => checkUrl(target, names))
  },
})

function readTarget(reader: OptionReader): HttpTarget {
  const address = reader.text('url')
  const url = readWebAddress(address) ?? reader.refuse(`url=${address} is not an http or https URL`)
  const match = reader.encoded('match', '')
  const problem = expressionProblem(match)
  if (problem !== undefined) reader.refuse(`match=${match}: ${problem}`)
  const body = reader.encoded('body', '')
  const method = reader.text('method', body === '' ? 'GET' : 'POST').toUpperCase()
  if (!/^[A-Z]+$/.test(method) || method === 'CONNECT') reader.refuse(`method=${method} is no method`)
  const expected = reader.text('status', '2xx').split('|')
  for (const code of expected)
    if (!/^[1-5](?:\d\d|xx)$/.test(code)) reader.refuse(`status=${code} is not as 200, 3xx or 200|204`)
  return {
    url,
    method,
    headers: readHeaders(reader),
    body,
    timeoutMs: reader.number('timeout', { min: 1, max: 30, fallback: 5 }) * 1000,
    expected,
    text: reader.encoded('text', ''),
    match,
    redirects: reader.number('redirects', { min: 0, max: 20, fallback: 0 }),
    insecure: reader.flag('insecure'),
    version: reader.ipVersion(),
  }
}

/** Lines of `name: value`, by lower-case name. */
function readHeaders(reader: OptionReader): Record<string, string> {
  const lines = reader
    .encoded('headers', '')
    .split('\n')
    .map((line) => line.trim())
  const headers: Record<string, string> = {}
  for (const line of lines.filter((line) => line !== '')) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):\s*([\t\u0020-\u007e\u0080-\u00ff]*)$/.exec(line) ?? []
    if (name === '') reader.refuse('headers= are not lines of "name: value"')
    headers[name.toLowerCase()] = value
  }
  return headers
}
