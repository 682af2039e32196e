import type { AlarmConfig } from './config.ts'
import type { ChannelConfig } from './channel-config.ts'
import type { Person } from './people/directory.ts'

/** A way to reach people, as far as one must know to decide who gets what. */
export interface Channel {
  readonly name: string
  readonly provider: ChannelConfig
  /** What of a person is its address; `room`: one message, whoever is concerned. */
  readonly address: 'phone' | 'im' | 'email' | 'name' | 'room'
  /** One message may have several receivers. */
  readonly joint: boolean
  /** Open-Falcon's own text: the short one alone (sms, im), or as subject of a mail. */
  readonly text: 'short' | 'mail'
  readonly mildest: number
}

/** The channels of the configuration: Open-Falcon's three, where their URL is given, and those under `channels`. */
export function channelsOf(config: AlarmConfig): Channel[] {
  const named = new Map<string, ChannelConfig>()
  for (const name of ['sms', 'im', 'mail'] as const)
    if (config.api[name] !== '')
      named.set(name, {
        type: 'falcon',
        url: config.api[name],
        subject: name === 'mail',
        mostUrgent: 0,
        teams: [],
        workers: config.worker[name],
        timeoutMs: 10_000,
      })
  for (const [name, provider] of Object.entries(config.channels)) named.set(name, provider)
  return [...named].map(([name, provider]) => channelOf(name, provider))
}

function channelOf(name: string, provider: ChannelConfig): Channel {
  const address = addressOf(name, provider)
  const subject = provider.type !== 'falcon' || provider.subject
  return {
    name,
    provider,
    address,
    // A limit for each receiver needs messages for each.
    joint: address === 'room' || (provider.type !== 'telegram' && provider.perReceiver === undefined),
    text: subject ? 'mail' : 'short',
    // Falcon: SMS only for the three worst priorities.
    mildest: provider.mildest ?? (name === 'sms' ? 2 : Infinity),
  }
}

function addressOf(name: string, provider: ChannelConfig): Channel['address'] {
  switch (provider.type) {
    case 'falcon':
      return provider.address ?? (name === 'sms' ? 'phone' : name === 'im' ? 'im' : 'email')
    case 'smtp':
      return 'email'
    case 'webhook':
      return 'name'
    case 'telegram':
      return provider.chat === '' ? 'im' : 'room'
    case 'dingtalk':
      return provider.mention ? 'phone' : 'room'
    case 'wecom':
    case 'feishu':
    case 'slack':
      return 'room'
    default:
      return provider satisfies never
  }
}

/** Whether events of this priority, for these teams, go here. */
export function takes(channel: Channel, priority: number, teams: readonly string[]): boolean {
  const { mostUrgent, teams: wanted } = channel.provider
  if (priority < mostUrgent || priority > channel.mildest) return false
  return wanted.length === 0 || wanted.some((team) => teams.includes(team))
}

/** Where this person is reached; empty when the row does not say. */
export function addressIn(channel: Channel, person: Person): string {
  return channel.address === 'room' ? '' : person[channel.address].trim()
}
