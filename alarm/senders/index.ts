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

/** The sender that speaks a provider's language. `now` is in milliseconds. */
export function createSender(provider: ChannelConfig, now: () => number): Sender {
  switch (provider.type) {
    case 'falcon':
      return createFalconSender(provider)
    case 'smtp':
      return createSmtpSender({ ...provider, connections: provider.workers })
    case 'webhook':
      return createWebhookSender({ ...provider, now })
    case 'dingtalk':
      return createDingtalkSender({ ...provider, now })
    case 'wecom':
      return createWecomSender(provider)
    case 'feishu':
      return createFeishuSender({ ...provider, now })
    case 'slack':
      return createSlackSender(provider)
    case 'telegram':
      return createTelegramSender(provider)
  }
}
