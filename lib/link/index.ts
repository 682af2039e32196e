export type { LinkAck, NumberedSeries, SampleColumns } from './columns.ts'
export { createSeriesTable } from './series-table.ts'
export type { SeriesTable } from './series-table.ts'
export type { LinkClient, LinkClientOptions, LinkHandler, LinkServer, LinkServerOptions, SlotBatch } from './link.ts'
