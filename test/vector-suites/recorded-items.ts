import { graphItemOf, judgeItemOf } from '#protocol'
import type { GraphItem, JudgeItem } from '#protocol'
import type { Arrived } from '../drivers/transfer-stand.ts'

/** A forwarded item as recordings hold it: JSON has no NaN and no infinities, so those are texts. */
export type RecordedGraphItem = Omit<GraphItem, 'value'> & { value: number | string }
export type RecordedJudgeItem = Omit<JudgeItem, 'value'> & { value: number | string }

export function recordedGraphItem({ series, timestamp, value }: Arrived): RecordedGraphItem {
  return { ...graphItemOf(series, timestamp, value), value: recordedNumber(value) }
}

export function recordedJudgeItem({ series, timestamp, value }: Arrived): RecordedJudgeItem {
  return { ...judgeItemOf(series, timestamp, value), value: recordedNumber(value) }
}

function recordedNumber(value: number): number | string {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return value
  return value > 0 ? '+Inf' : '-Inf'
}
