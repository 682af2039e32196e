export { createDestination } from './create-destination.ts'
export { countDrops } from './ledger.ts'
export type {
  Batch,
  DeliveryOrder,
  Destination,
  DestinationOptions,
  DestinationPeer,
  DestinationStats,
  NumberedColumns,
} from './destination.ts'
