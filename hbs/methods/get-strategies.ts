import { defineMethod } from '#lib/rpc'
import { readNullRequest } from '#protocol'
import type { HbsContext } from './context.ts'

/** The strategies of the whole fleet, for judge. */
export const getStrategies = defineMethod({
  name: 'Hbs.GetStrategies',
  read: readNullRequest,
  // Large fleets have tens of megabytes of this; it is written once for all judges.
  handle: (_nothing, { snapshot }: HbsContext) => snapshot().strategiesText(),
  write: (text) => text,
})
