import type { Intake, RefusedItem } from '../sender/intake.ts'
import { failure, text } from './answer.ts'
import type { Answer } from './answer.ts'
import type { AgentRequest } from './server.ts'

/** Refused items that an answer lists. */
const listed = 20

/**
 * `/v1/push`. `success` means that transfer has every item or the spool does: a killed agent loses none, and it does not
 * matter whether transfer can be reached. 503 when neither took them in time. Otherwise the answer is 400, says how many were accepted all the same, and names the others.
 * Where Open-Falcon's agent would not have decoded the batch, the answer begins with its words.
 */
export async function push(request: AgentRequest, intake: Intake, bodyLimit: number): Promise<Answer> {
  if (!request.hasBody) return failure(400, 'body is blank')
  const body = await request.body(bodyLimit)
  if (!body) return failure(413, `body is longer than ${bodyLimit} bytes`)
  const taken = intake.take(body.toString(), 'push', 'first value')
  if (!taken.ok) return failure(400, `connot decode body: ${taken.reason}`)
  const { accepted, refused, safe } = taken.value
  if (!(await safe))
    return failure(503, 'held in memory only: transfer does not answer and the spool refuses; push again later')
  if (refused.length === 0) return text('success')
  // Falcon: the spelling is part of what scripts look for.
  const words = refused.some((item) => item.undecodable) ? 'connot decode body: ' : ''
  const lines = refused.slice(0, listed).map(describe)
  if (refused.length > listed) lines.push(`and ${refused.length - listed} more`)
  return failure(400, [`${words}${refused.length} refused, ${accepted} accepted`, ...lines].join('\n'))
}

function describe({ index, name, reason }: RefusedItem): string {
  return `item ${index}${name === '' ? '' : ` (${name.slice(0, 200)})`}: ${reason}`
}
