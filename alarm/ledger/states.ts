/**
 * Of a notice: `waiting` to be merged with others, `queued` in a message, then what became of that message. Those that end
 * without one: `silenced`, `acknowledged` (somebody is on it), `unaddressed` (the person has no such address).
 */
export const noticeStates = ['waiting', 'queued', 'sent', 'dead', 'silenced', 'acknowledged', 'unaddressed'] as const
export type NoticeState = (typeof noticeStates)[number]

/** Of a message: `due` until it was `sent` or is `dead`: refused, or tried too often. */
export const messageStates = ['due', 'sent', 'dead'] as const
