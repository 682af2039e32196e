export type {
  Batch,
  DeliveryOrder,
  Destination,
  DestinationOptions,
  DestinationPeer,
  DestinationStats,
} from './destination.ts'
