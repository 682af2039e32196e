/** What calls functions of the system's own libraries. */
export type Koffi = (typeof import('koffi'))['default']

/** Loaded when first needed: only Windows needs it for everything, Linux for next to nothing. */
export async function loadKoffi(): Promise<Koffi> {
  return (await import('koffi')).default
}
