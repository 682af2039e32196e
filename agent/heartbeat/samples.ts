import { gauge } from '../collectors/collector.ts'
import type { CollectedSample } from '../collectors/collector.ts'
import type { HeartbeatState } from './start.ts'

/** What hbs let this agent find out about itself: how its clock goes, and whether its name is its own. */
export function heartbeatSamples(state: HeartbeatState | undefined): CollectedSample[] {
  const samples: CollectedSample[] = []
  if (state?.skew) samples.push(gauge('sys.clock.skew', state.skew.seconds))
  if (state?.duplicates) samples.push(gauge('agent.duplicate', state.duplicates.length > 0 ? 1 : 0))
  return samples
}
