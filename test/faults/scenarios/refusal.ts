import { Client } from 'pg'
import { until } from '../../helpers/until'
import type { Scenario } from '../scenario'
import type { Stage } from '../stage'

const TAKEN_MS = 60_000
const TOO_MANY_CONNECTIONS = '53300'

/** Postgres runs, and refuses. No client may notice. */
export const REFUSAL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'read-only',
    fault: 'default_transaction_read_only on for 2 to 4 s, as after a fail-over to a standby',
    times: { full: 10, short: 1 },
    async run(stage) {
      const { sidecar, client } = await stage.play()
      const session = await stage.connect()
      await session.query('set default_transaction_read_only = off')
      const reset = async () => {
        await session.query('alter system reset default_transaction_read_only')
        await session.query('select pg_reload_conf()')
      }
      stage.teardown(reset)
      await stage.repeat(async () => {
        await stage.pause(0, 500)
        await session.query('alter system set default_transaction_read_only = on')
        await session.query('select pg_reload_conf()')
        await sidecar.noticed()
        await stage.pause(2_000, 4_000)
        await reset()
        await stage.flow()
      })
      stage.claimNoFailure(client)
    },
  },
  {
    name: 'out-of-connections',
    fault: 'every connection of Postgres taken by others for 2 to 4 s',
    times: { full: 10, short: 1 },
    async run(stage) {
      const { client } = await stage.play()
      const session = await stage.connect()
      await stage.repeat(async () => {
        await stage.pause(0, 500)
        const taken = await takeAllConnections(stage, session)
        await stage.pause(2_000, 4_000)
        await Promise.all(taken.map((one) => one.end()))
        await stage.flow()
      })
      stage.claimNoFailure(client)
    },
  },
]

/** Ends the collector's sessions and takes their places, until it has none and none is free. */
async function takeAllConnections(stage: Stage, session: Client): Promise<Client[]> {
  const taken: Client[] = []
  await until(
    async () => {
      await session.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name like 'sidelight%' and datname = current_database()`,
      )
      for (;;) {
        const one = new Client({
          connectionString: stage.cluster.connectionString(),
          application_name: 'taker',
        })
        one.on('error', () => undefined)
        try {
          await one.connect()
        } catch (error) {
          if ((error as { code?: string }).code === TOO_MANY_CONNECTIONS) break
          throw error
        }
        taken.push(one)
      }
      const { rows } = await session.query<{ left: number }>(
        `select count(*)::int as left from pg_stat_activity
         where application_name like 'sidelight%' and datname = current_database()`,
      )
      return rows[0]?.left === 0
    },
    TAKEN_MS,
    'all connections',
  )
  return taken
}
