import { defineMethod } from '#lib/rpc'
import { readNullRequest } from '#protocol'
import type { HbsContext } from './context.ts'

/** Who may use the agents' routes that change something: addresses, separated by commas. */
export const trustableIps = defineMethod({
  name: 'Agent.TrustableIps',
  read: readNullRequest,
  handle: (_nothing, { trustable }: HbsContext) => trustable().join(','),
})
