/** The address as a whole URL; undefined when it is none of http or https. Falcon: without a scheme it is http, as curl has it. */
export function readWebAddress(address: string): string | undefined {
  const text = address.includes('://') ? address : `http://${address}`
  if (!URL.canParse(text)) return undefined
  const { protocol, href } = new URL(text)
  return protocol === 'http:' || protocol === 'https:' ? href : undefined
}
