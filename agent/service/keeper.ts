/** Whoever keeps this process: is told when it runs, and from then on that its event loop still turns. */
export interface Keeper {
  started(): void
}

/** How often a sign of life is given: several fit into the time after which it counts as dead. */
export const signOfLifeMs = 10_000
