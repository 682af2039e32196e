import type { Insertable, Kysely } from 'kysely'
import type { StrategyTable, Tables } from '#lib/sql'

/** In `falcon_seed`: these contents were put in once. */
const seedName = 'linux-default'
const creator = 'falcon'

type SeededStrategy = Omit<Insertable<StrategyTable>, 'tpl_id'>

/** What a first start watches, so that something is judged before anybody has opened the portal. */
const strategies: readonly SeededStrategy[] = [
  {
    metric: 'agent.alive',
    func: 'nodata(#3)',
    op: '==',
    right_value: '0',
    priority: 1,
    max_step: 3,
    note: 'agent silent for three steps: host down, agent stopped or network cut',
  },
  {
    metric: 'cpu.idle',
    func: 'all(#3)',
    op: '<',
    right_value: '10',
    priority: 2,
    max_step: 3,
    note: 'CPU busy: less than 10 % idle',
  },
  {
    metric: 'cpu.iowait',
    func: 'all(#3)',
    op: '>',
    right_value: '40',
    priority: 3,
    max_step: 3,
    note: 'CPU waits for disks: more than 40 %',
  },
  {
    metric: 'load.1min',
    func: 'all(#5)',
    op: '>',
    right_value: '64',
    priority: 3,
    max_step: 3,
    note: 'load high: an absolute number, better set to about 4 x cores of your hosts',
  },
  {
    metric: 'mem.memfree.percent',
    func: 'all(#3)',
    op: '<',
    right_value: '5',
    priority: 2,
    max_step: 3,
    note: 'memory short: less than 5 % free',
  },
  {
    metric: 'df.bytes.free.percent',
    func: 'all(#3)',
    op: '<',
    right_value: '10',
    priority: 3,
    max_step: 3,
    note: 'disk filling: less than 10 % free',
  },
  {
    metric: 'df.bytes.free.percent',
    func: 'all(#3)',
    op: '<',
    right_value: '5',
    priority: 1,
    max_step: 3,
    note: 'disk nearly full: less than 5 % free',
  },
  {
    metric: 'df.inodes.free.percent',
    func: 'all(#3)',
    op: '<',
    right_value: '5',
    priority: 2,
    max_step: 3,
    note: 'inodes nearly used up: less than 5 % free',
  },
]

/**
 * Puts in the group that new hosts join (`groupName`, or `default`), the template `linux-default` bound to it, and an
 * action for the team `ops`. Happens once for a database, and only when it has no templates yet.
 * @returns whether something was put in.
 */
export function seedDefaults(kysely: Kysely<Tables>, groupName: string, nowSeconds: number): Promise<boolean> {
  return kysely.transaction().execute(async (on) => {
    const seeded = await on.selectFrom('falcon_seed').select('name').where('name', '=', seedName).executeTakeFirst()
    if (seeded) return false
    await on.insertInto('falcon_seed').values({ name: seedName, applied: nowSeconds }).execute()
    // Somebody's own set-up is not to be added to.
    if (await on.selectFrom('tpl').select('id').limit(1).executeTakeFirst()) return false
    const grp_id = await groupId(on, groupName === '' ? 'default' : groupName)
    const action = await on.insertInto('action').values({ uic: 'ops' }).executeTakeFirstOrThrow()
    const template = await on
      .insertInto('tpl')
      .values({ tpl_name: seedName, action_id: Number(action.insertId), create_user: creator })
      .executeTakeFirstOrThrow()
    const tpl_id = Number(template.insertId)
    await on.insertInto('grp_tpl').values({ grp_id, tpl_id, bind_user: creator }).execute()
    await on
      .insertInto('strategy')
      .values(strategies.map((strategy) => ({ ...strategy, tpl_id })))
      .execute()
    return true
  })
}

async function groupId(on: Kysely<Tables>, name: string): Promise<number> {
  const group = await on.selectFrom('grp').select('id').where('grp_name', '=', name).executeTakeFirst()
  if (group) return group.id
  const made = await on
    .insertInto('grp')
    .values({ grp_name: name, create_user: creator, come_from: 1 })
    .executeTakeFirstOrThrow()
  return Number(made.insertId)
}
