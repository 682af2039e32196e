import { defineMethod } from '#lib/rpc'
import { readMetricValues } from '#protocol'
import type { Intake } from '../intake.ts'

/** What the methods work on. */
export interface TransferContext {
  readonly intake: Intake
}

const shownLength = 256

/** The way of nearly all samples: an array of items, answered when those accepted are safe. */
export const update = defineMethod({
  name: 'Transfer.Update',
  read: readMetricValues,
  handle: (items, { intake }: TransferContext, peer) => intake.take(items, 'Rpc', peer),
  refused(raw, reason, { intake }: TransferContext, peer) {
    const items = Array.isArray(raw.value) ? raw.value.length : 0
    intake.refuseCall(raw.text().slice(0, shownLength), reason, peer, items)
  },
})
