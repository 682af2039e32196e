/**
 * What modules are started with, unless it is set otherwise: arrays beyond a megabyte get memory of their own, which goes
 * back to the system when they are outgrown. By itself glibc keeps such room between others, a tenth of graph-query's
 * memory. Other C libraries do not look at this.
 */
export const moduleEnvironment = { MALLOC_MMAP_THRESHOLD_: String(2 ** 20) } as const
