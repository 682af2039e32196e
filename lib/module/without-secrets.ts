const secret = /^(?:password|passwd|token|secret|sig)$/i

/** A configuration as `/config` may show it: what its name calls a secret, and passwords inside of DSNs and URLs, are `***`. */
export function withoutSecrets<C>(config: C): C {
  return masked(config) as C
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return withoutPassword(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(masked)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, secret.test(name) && member !== '' ? '***' : masked(member)]),
  )
}

/** `user:password@…` and `scheme://user:password@…`; an empty password stays empty, so that it can be seen. */
function withoutPassword(text: string): string {
  if (text.startsWith('sqlite:')) return text
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/[^:@/]*|[^:@/]*):.+@/i, '$1:***@')
}
