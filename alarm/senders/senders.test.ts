import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventOf } from '../alarm-stand.contract.ts'
import { createDingtalkSender } from './dingtalk.ts'
import { createFalconSender } from './falcon.ts'
import { createFeishuSender } from './feishu.ts'
import { message, senderContract, sentBy } from './sender.contract.ts'
import type { ProviderUnderTest } from './sender.contract.ts'
import { createSlackSender } from './slack.ts'
import { createTelegramSender } from './telegram.ts'
import { createWebhookSender } from './webhook.ts'
import { createWecomSender } from './wecom.ts'

const now = () => 1_795_186_080_123
const whole = `${message.subject}\n\nPROBLEM\nP0\nEndpoint:h1 & <h2>`
const errcode = { good: '{"errcode":0,"errmsg":"ok"}', refusal: '{"errcode":310000,"errmsg":"sign not match"}' }
const feishu = {
  good: '{"StatusCode":0,"StatusMessage":"success","code":0}',
  refusal: '{"code":19021,"msg":"sign match fail"}',
}

const providers: Record<string, ProviderUnderTest> = {
  falcon: { create: (base) => createFalconSender({ url: `${base}/mail`, subject: true }), good: 'ok' },
  webhook: { create: (base) => createWebhookSender({ url: base, secret: 'key', now }), good: '' },
  dingtalk: {
    create: (base) =>
      createDingtalkSender({ url: `${base}/robot/send?access_token=t`, secret: 'key', mention: true, now }),
    ...errcode,
    busy: '{"errcode":130101,"errmsg":"send too fast"}',
  },
  wecom: {
    create: (base) => createWecomSender({ url: `${base}/cgi-bin/webhook/send?key=k` }),
    ...errcode,
    busy: '{"errcode":45009,"errmsg":"api freq out of limit"}',
  },
  feishu: {
    create: (base) => createFeishuSender({ url: `${base}/open-apis/bot/v2/hook/x`, secret: 'key', now }),
    ...feishu,
    busy: '{"code":9499,"msg":"too many requests"}',
  },
  slack: { create: (base) => createSlackSender({ url: `${base}/services/x` }), good: 'ok', refusal: 'invalid_payload' },
  telegram: {
    create: (base) => createTelegramSender({ url: `${base}/`, token: '12:ab', chat: '' }),
    good: '{"ok":true,"result":{}}',
    refusal: '{"ok":false,"description":"chat not found"}',
  },
}

for (const [name, provider] of Object.entries(providers)) senderContract(name, provider)

const sent = (name: keyof typeof providers) => {
  const { create, good } = providers[name] as ProviderUnderTest
  return sentBy(create, good)
}

test('Open-Falcon’s form has its members in the order and the escapes of Go', async () => {
  const text = { ...message, receivers: ['a@x', 'b@x'], subject: "a b*~(c)'!", content: '速率\r\n' }
  const mail = await sentBy((base) => createFalconSender({ url: `${base}/mail`, subject: true }), 'ok', text)
  expect(mail.headers['content-type']).toBe('application/x-www-form-urlencoded')
  expect(mail.body).toBe('tos=a%40x%2Cb%40x&subject=a+b%2A~%28c%29%27%21&content=%E9%80%9F%E7%8E%87%0D%0A')
  const sms = await sentBy((base) => createFalconSender({ url: `${base}/sms`, subject: false }), 'ok', text)
  expect(sms.body).toBe('tos=a%40x%2Cb%40x&content=%E9%80%9F%E7%8E%87%0D%0A')
})

test('a webhook can be verified, carries the events, and names the message the same way at every attempt', async () => {
  const events = [eventOf()]
  const { body, headers } = await sentBy((base) => createWebhookSender({ url: base, secret: 'key', now }), '', {
    ...message,
    events,
  })
  const expected = createHmac('sha256', 'key')
    .update(`${headers['x-falcon-timestamp'] as string}.${body}`)
    .digest('hex')
  expect(headers['x-falcon-signature']).toBe(`sha256=${expected}`)
  expect(headers['x-falcon-timestamp']).toBe('1795186080')
  expect(headers['x-falcon-message']).toBe(message.id)
  expect(JSON.parse(body)).toEqual({ ...message, events })
  const unsigned = await sentBy((base) => createWebhookSender({ url: base, secret: '' }), '')
  expect(unsigned.headers['x-falcon-signature']).toBeUndefined()
})

test('DingTalk: the signature goes into the URL beside the token, phones are mentioned', async () => {
  const { path, body } = await sent('dingtalk')
  const query = new URL(path, 'http://x').searchParams
  expect(query.get('access_token')).toBe('t')
  expect(query.get('timestamp')).toBe('1795186080123')
  expect(query.get('sign')).toBe(createHmac('sha256', 'key').update('1795186080123\nkey').digest('base64'))
  expect(JSON.parse(body)).toEqual({
    msgtype: 'text',
    text: { content: whole },
    at: { atMobiles: message.receivers, isAtAll: false },
  })
})

test('WeCom: a text of at most 2048 bytes, never cut inside a character', async () => {
  expect(JSON.parse((await sent('wecom')).body)).toEqual({ msgtype: 'text', text: { content: whole } })
  for (const lead of ['', 'a', 'ab']) {
    const long = { ...message, subject: `${lead}${'高'.repeat(900)}`, content: '' }
    const { body } = await sentBy((base) => createWecomSender({ url: base }), errcode.good, long)
    const { content } = (JSON.parse(body) as { text: { content: string } }).text
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(2048)
    expect(Buffer.byteLength(content)).toBeGreaterThan(2044 - 3)
    expect(content).toMatch(/^[ab]*高+\.\.\.$/)
  }
})

test('Feishu: the signature goes into the body', async () => {
  const { body } = await sent('feishu')
  expect(JSON.parse(body)).toEqual({
    timestamp: '1795186080',
    sign: createHmac('sha256', '1795186080\nkey').digest('base64'),
    msg_type: 'text',
    content: { text: whole },
  })
})

test('Slack: nothing in a text is markup', async () => {
  expect(JSON.parse((await sent('slack')).body)).toEqual({
    text: whole.replace('&', '&amp;').replace('>90', '&gt;90').replace('<h2>', '&lt;h2&gt;'),
    mrkdwn: false,
  })
})

test('Telegram: the token is in the path, the chat is the receiver or the room', async () => {
  const { path, body } = await sent('telegram')
  expect(path).toBe('/bot12:ab/sendMessage')
  expect(JSON.parse(body)).toMatchObject({ chat_id: '10000000001', text: whole })
  const room = await sentBy((base) => createTelegramSender({ url: base, token: 't', chat: '-100' }), '{"ok": true}', {
    ...message,
    subject: 'x'.repeat(5000),
  })
  const read = JSON.parse(room.body) as { chat_id: string; text: string }
  expect([read.chat_id, read.text.length, read.text.slice(-4)]).toEqual(['-100', 4096, 'x...'])
})
