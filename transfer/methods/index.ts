import { ping } from './ping.ts'
import { update } from './update.ts'

/** What agents call. */
export const transferMethods = [update, ping]
