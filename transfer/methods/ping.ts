import { defineMethod } from '#lib/rpc'
import { readNullRequest } from '#protocol'

/** What clients ask before they trust a connection that was silent. */
export const ping = defineMethod({
  name: 'Transfer.Ping',
  read: readNullRequest,
  handle: () => ({ code: 0 }),
})
