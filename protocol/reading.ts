/** What reading untrusted input gives: the value, or the reason it was refused. Refusal is an answer, never a throw. */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }
