import { wellFormed } from '#protocol'
import type { AgentConfig } from '../config.ts'

const masked = '***'
/** Of what a secret is called. */
const secretName =
  '[\\w-]*(?:passw(?:or)?d|passwd|passphrase|pwd|token|secret|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|authorization)[\\w-]*'

/** Looks of secrets, whoever wrote them. Rather too much than too little. */
const looks: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, masked],
  [/:\/\/[^\s"'\\<>]*@/g, `://${masked}@`],
  [/\burl=[^\s"'\\<>/]*@/g, `url=${masked}@`],
  // A Go DSN: user:password@tcp(…)
  [/[\w.-]+:[^\s"'@]+@(?=(?:tcp|unix)\()/g, `${masked}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${masked}`],
  [/(\s-p)(?=[^\s-])\S+/g, `$1${masked}`],
  [/(\s--?(?:password|passwd|pass|pwd|token|secret)[=\s]+)\S+/gi, `$1${masked}`],
  // What plugins are called with may be anything.
  [/(\\*"args\\*"\s*:\s*\\*")(?:[^"\\]|\\.)*/gi, `$1${masked}`],
  [
    new RegExp(`(${secretName}\\\\*["']?\\s*[:=]\\s*)(\\\\*"(?:[^"\\\\]|\\\\.)*|'[^']*|[^\\s"',;&}\\\\]+)`, 'gi'),
    `$1${masked}`,
  ],
]

/** Shorter ones would also be found where they are none. */
const shortestSecret = 4

/** Masks in a text what looks like a secret, and these texts wherever they stand, also as JSON or in a URL. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(wellFormed(secret))])
  // The longest first, or a part of it would keep the rest from being found.
  const known = [...new Set(forms)].toSorted((a, b) => b.length - a.length)
  return (text) => {
    const plain = known.reduce((rest, secret) => rest.replaceAll(secret, masked), text)
    return looks.reduce((rest, [look, by]) => rest.replaceAll(look, by), plain)
  }
}

/** Every text of a configuration that only this host should know. */
export function secretsOf(config: AgentConfig): string[] {
  const secrets: string[] = []
  const isSecret = new RegExp(`^${secretName}$`, 'i')
  const walk = (value: unknown, name: string): void => {
    if (typeof value === 'string') {
      if (isSecret.test(name)) secrets.push(value)
      for (const [, user = ''] of value.matchAll(/(?::\/\/|url=)([^\s/]*)@/g))
        secrets.push(...user.split(':').slice(1), user)
    } else if (typeof value === 'object' && value !== null)
      // What a check has besides its tags is there because it does not belong into them.
      for (const [key, member] of Object.entries(value)) walk(member, name === 'options' ? 'secret' : key)
  }
  walk(config, '')
  return secrets
}

/** The configuration with each of its secrets masked by name. */
export function withoutSecretMembers(value: unknown, name = ''): unknown {
  const isSecret = new RegExp(`^${secretName}$`, 'i').test(name)
  if (typeof value === 'string') return isSecret && value !== '' ? masked : value
  if (Array.isArray(value)) return value.map((member) => withoutSecretMembers(member, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      withoutSecretMembers(member, name === 'options' ? 'secret' : key),
    ]),
  )
}

/** What the entries `file(args)` call plugins with: the whole, and each of its parts. */
export function secretsOfPlugins(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    const args = /\((.*)\)/s.exec(entry)?.[1] ?? ''
    const parts = args.split(',').map((part) => part.trim().replaceAll(/^["']|["']$/g, ''))
    return args === '' ? [] : [args, ...parts]
  })
}
