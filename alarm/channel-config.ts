import { z } from 'zod'
import { flag } from '#lib/config'

const common = {
  /** Which column of `user` is the receiver; `room`: none, the message goes to the channel's own place. */
  mostUrgent: z.int().min(0).default(0).describe('the worst priority that goes here'),
  mildest: z.int().min(0).optional().describe('the mildest priority that goes here; default: 2 for sms, else any'),
  teams: z.array(z.string()).default([]).describe('a room: only events whose action names one of these; empty: all'),
  workers: z.int().min(1).max(1000).default(10).describe('messages under way at once'),
  timeoutMs: z.int().min(100).max(120_000).default(10_000).describe('for one attempt'),
  perReceiver: z
    .object({ messages: z.int().min(1), seconds: z.int().min(1).max(86_400) })
    .optional()
    .describe('no receiver gets more in this time; what is more waits'),
}

const web = { url: z.url({ protocol: /^https?$/ }), ...common }
const address = z.enum(['phone', 'im', 'email'])

/** A way to reach people: the type says how its provider is spoken to. */
export const channelConfig = z.discriminatedUnion('type', [
  z.object({ type: z.literal('falcon'), ...web, address: address.optional(), subject: flag() }),
  z.object({
    type: z.literal('smtp'),
    ...common,
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(25),
    tls: z.enum(['none', 'starttls', 'required', 'implicit']).default('starttls'),
    verify: flag(true).describe("false: any certificate of the server's will do"),
    user: z.string().default(''),
    password: z.string().default(''),
    from: z.string().min(1),
  }),
  z.object({ type: z.literal('webhook'), ...web, secret: z.string().default('') }),
  z.object({ type: z.literal('dingtalk'), ...web, secret: z.string().default(''), mention: flag() }),
  z.object({ type: z.literal('wecom'), ...web }),
  z.object({ type: z.literal('feishu'), ...web, secret: z.string().default('') }),
  z.object({ type: z.literal('slack'), ...web }),
  z.object({
    type: z.literal('telegram'),
    ...common,
    url: z.url({ protocol: /^https?$/ }).default('https://api.telegram.org'),
    token: z.string().min(1),
    chat: z.string().default('').describe("a room's id; empty: each person's im column is one"),
  }),
])

export type ChannelConfig = z.output<typeof channelConfig>
