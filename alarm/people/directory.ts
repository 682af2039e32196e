import type { Selectable } from 'kysely'
import { consistentRead, inSchema } from '#lib/sql'
import type { Database, Tables } from '#lib/sql'

export type Action = Selectable<Tables['action']>

export interface Person {
  readonly name: string
  readonly email: string
  readonly phone: string
  readonly im: string
}

/** Actions and teams as the portal tables had them at one moment. */
export interface Directory {
  action(id: number): Action | undefined
  /** The members of these teams (names separated by commas), each once. Unknown teams have none. */
  members(teams: string): Person[]
  /** Teams with their people, for who asks. */
  readonly teams: ReadonlyMap<string, readonly Person[]>
}

export async function loadDirectory(database: Database): Promise<Directory> {
  return consistentRead(database, async (kysely) => {
    const on = (schema: 'falcon_portal' | 'uic') => inSchema({ kysely, dialect: database.dialect }, schema)
    const actions = await on('falcon_portal').selectFrom('action').selectAll().execute()
    const teams = await on('uic').selectFrom('team').select(['id', 'name']).orderBy('id').execute()
    const users = await on('uic').selectFrom('user').select(['id', 'name', 'email', 'phone', 'im']).execute()
    const pairs = await on('uic').selectFrom('rel_team_user').select(['tid', 'uid']).orderBy('id').execute()
    return directoryOf({ actions, teams, users, pairs })
  })
}

interface Rows {
  readonly actions: readonly Action[]
  readonly teams: readonly { id: number; name: string }[]
  readonly users: readonly (Person & { id: number })[]
  readonly pairs: readonly { tid: number; uid: number }[]
}

export function directoryOf({ actions, teams, users, pairs }: Rows): Directory {
  const actionById = new Map(actions.map((action) => [action.id, action]))
  const userById = new Map(users.map(({ id, name, email, phone, im }) => [id, { name, email, phone, im }]))
  const members = new Map<number, Map<number, Person>>(teams.map((team) => [team.id, new Map()]))
  for (const { tid, uid } of pairs) {
    const user = userById.get(uid)
    if (user) members.get(tid)?.set(uid, user)
  }
  const people = (id: number) => [...(members.get(id)?.values() ?? [])]
  const byName = new Map(teams.map((team) => [team.name, people(team.id)]))
  // Falcon: MySQL finds a team whatever the case of its letters.
  const byFolded = new Map(teams.map((team) => [team.name.trim().toLowerCase(), people(team.id)]))
  return {
    teams: byName,
    action: (id) => actionById.get(id),
    members(names) {
      const found = new Map<string, Person>()
      for (const name of names.split(',').map((one) => one.trim().toLowerCase()))
        for (const person of byFolded.get(name) ?? []) found.set(person.name, person)
      return [...found.values()]
    },
  }
}
