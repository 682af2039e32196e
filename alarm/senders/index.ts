import type { ChannelConfig } from '../channel-config.ts'
import { createDingtalkSender } from './dingtalk.ts'
import { createFalconSender } from './falcon.ts'
import { createFeishuSender } from './feishu.ts'
import type { Sender } from './sender.ts'
import { createSlackSender } from './slack.ts'
import { createSmtpSender } from './smtp.ts'
import { createTelegramSender } from './telegram.ts'
import { createWebhookSender } from './webhook.ts'
import { createWecomSender } from './wecom.ts'

type Provider<Type> = Extract<ChannelConfig, { type: Type }>

/** One member for each type; the compiler misses none. `now` is in milliseconds. */
const senders: { [Type in ChannelConfig['type']]: (provider: Provider<Type>, now: () => number) => Sender } = {
  falcon: createFalconSender,
  smtp: (provider) => createSmtpSender({ ...provider, connections: provider.workers }),
  webhook: (provider, now) => createWebhookSender({ ...provider, now }),
  dingtalk: (provider, now) => createDingtalkSender({ ...provider, now }),
  wecom: createWecomSender,
  feishu: (provider, now) => createFeishuSender({ ...provider, now }),
  slack: createSlackSender,
  telegram: createTelegramSender,
}

/** The sender that speaks a provider's language. */
export function createSender(provider: ChannelConfig, now: () => number): Sender {
  return senders[provider.type](provider as never, now)
}
