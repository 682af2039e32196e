import { hostTags } from '../collector.ts'

/** Whose names metrics have: those of Autohome's Windows-Agent, those of Linux, or both. */
export type WindowsNames = 'windows-agent' | 'linux' | 'both'

export const hasOldNames = (names: WindowsNames): boolean => names !== 'linux'
export const hasLinuxNames = (names: WindowsNames): boolean => names !== 'windows-agent'

/**
 * Canonical tags of a name that people gave, such as `Local Area Connection`. Falcon: transfer has always taken the blanks
 * out of tags, so that this is how existing series are called.
 */
export function nameTags(key: string, name: string): string {
  return hostTags({ [key]: name.replaceAll(' ', '') })
}
