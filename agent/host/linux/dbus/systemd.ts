import type { SystemdUnit } from '../host.ts'
import type { Bus } from './bus.ts'
import type { BodyReader, BusCall } from './message.ts'

const destination = 'org.freedesktop.systemd1'

/** What we ask of the manager of a machine's services. */
export interface Systemd {
  /** All units in its memory, with their state. */
  units(): Promise<SystemdUnit[]>
  /** `active`, `failed` and so on; `inactive` for one that there is not. Other names of a unit are known too. */
  activeState(unit: string): Promise<string>
}

export function createSystemd(bus: Bus): Systemd {
  return {
    async units() {
      const body = await bus.call(managerCall('ListUnits'))
      return readUnits(body)
    },
    async activeState(unit) {
      const body = await bus.call({
        destination,
        path: unitPath(unit),
        interface: 'org.freedesktop.DBus.Properties',
        member: 'Get',
        arguments: ['org.freedesktop.systemd1.Unit', 'ActiveState'],
      })
      const signature = body.signature()
      if (signature !== 's') throw new Error(`Cannot read the state of ${unit}: it has type "${signature}"`)
      return body.text()
    },
  }
}

function managerCall(member: string): BusCall {
  return {
    destination,
    path: '/org/freedesktop/systemd1',
    interface: 'org.freedesktop.systemd1.Manager',
    member,
    arguments: [],
  }
}

/** `a(ssssssouso)`: name, description, load state, active state, sub state, following, path, job, job type, job path. */
export function readUnits(body: BodyReader): SystemdUnit[] {
  const length = body.uint32()
  body.align(8)
  const end = body.offset + length
  const units: SystemdUnit[] = []
  while (body.offset < end) {
    body.align(8)
    const name = body.text()
    body.skipText()
    body.skipText()
    units.push({ name, state: body.text() })
    for (let i = 0; i < 3; i++) body.skipText()
    body.uint32()
    body.skipText()
    body.skipText()
  }
  return units
}

/** The path of a unit's object: what is no letter or digit is `_` and two hexadecimal digits, as is a digit in front. */
export function unitPath(unit: string): string {
  const escaped = [...Buffer.from(unit)].map((byte, i) => {
    const character = String.fromCharCode(byte)
    const plain = i === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/
    return plain.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`
  })
  return `/org/freedesktop/systemd1/unit/${escaped.length === 0 ? '_' : escaped.join('')}`
}

const unitTypes = [
  'service',
  'socket',
  'target',
  'timer',
  'mount',
  'automount',
  'swap',
  'path',
  'slice',
  'scope',
  'device',
]

/** `nginx` → `nginx.service`; the name of a unit of any type stays. */
export function unitName(name: string): string {
  return unitTypes.includes(name.slice(name.lastIndexOf('.') + 1)) && name.includes('.') ? name : `${name}.service`
}
