/** The system knows without asking anybody that it cannot send to an address: no route, a firewall of its own. */
export class UnreachableError extends Error {
  override name = 'UnreachableError'
}
