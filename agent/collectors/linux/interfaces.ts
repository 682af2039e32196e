import { patternOf } from '../pattern.ts'

/** Which network interfaces a configuration wants. */
export interface InterfaceChoice {
  /** Names that begin so. */
  readonly ifacePrefix: readonly string[]
  /** Names that fit one of these, in which `*` stands for anything and `?` for one character. */
  readonly ifaceInclude: readonly string[]
  /** Never these, whatever else says so. Undefined: `ofGuests`, unless interfaces are named by the two above. */
  readonly ifaceExclude?: readonly string[] | undefined
}

/** Loopback, and what containers, virtual machines and their networks bring: it comes and goes, in any number. */
const ofGuests = [
  'lo',
  'veth*',
  'docker*',
  'br-*',
  'cni*',
  'cali*',
  'flannel*',
  'cilium*',
  'lxc*',
  'lxd*',
  'podman*',
  'kube-*',
  'nodelocaldns',
  'virbr*',
  'vnet*',
  'vif*',
  'tap*',
  'fwbr*',
  'fwln*',
  'fwpr*',
  'ifb*',
  'dummy*',
  'tunl*',
  'sit*',
]

/** Tells whether an interface is to be watched. Without any setting every interface of the machine itself is. */
export function interfaceFilter({
  ifacePrefix,
  ifaceInclude,
  ifaceExclude,
}: InterfaceChoice): (name: string) => boolean {
  const isNamed = ifacePrefix.length > 0 || ifaceInclude.length > 0
  const included = ifaceInclude.map(patternOf)
  const excluded = (ifaceExclude ?? (isNamed ? [] : ofGuests)).map(patternOf)
  return (name) => {
    if (excluded.some((pattern) => pattern.test(name))) return false
    return (
      !isNamed ||
      ifacePrefix.some((prefix) => name.startsWith(prefix)) ||
      included.some((pattern) => pattern.test(name))
    )
  }
}
