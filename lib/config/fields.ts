import { z } from 'zod'
import { parseListen } from '#lib/address'

/** `host:port` as Open-Falcon's files write it. */
export const listenText = z.string().refine((text) => parseListen(text) !== undefined, {
  error: 'must be host:port, for example 127.0.0.1:1988 or :1988',
})

/** A switch that is off unless the file says otherwise, or on with `flag(true)`. */
export const flag = (value = false) => z.boolean().default(value)
