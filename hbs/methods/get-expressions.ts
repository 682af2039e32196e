import { defineMethod } from '#lib/rpc'
import { readNullRequest } from '#protocol'
import type { HbsContext } from './context.ts'

/** The expressions, for judge; `null` when there are none. */
export const getExpressions = defineMethod({
  name: 'Hbs.GetExpressions',
  read: readNullRequest,
  handle: (_nothing, { snapshot }: HbsContext) => ({ expressions: snapshot().expressions ?? null }),
})
