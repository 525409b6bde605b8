import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import {
  areIdle,
  closeGate,
  type Gate,
  installGates,
  openGate,
  waitingAt,
} from '../../helpers/commit-gate'
import { until } from '../../helpers/until'
import type { Scenario } from '../scenario'

const GATE_MS = 60_000
const HELD_MS = 5_000
const KILLED_AT: readonly Gate[] = ['copy', 'commit', 'receipt']
const LOCKED = ['sidelight.span', 'sidelight.ingest_receipt'] as const

/** Postgres runs, and the collector's transactions are ended or kept waiting. No client may notice. */
export const SESSION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'backend-killed',
    fault: 'pg_terminate_backend while the transaction is in COPY, in COMMIT, at its receipts',
    times: { full: 50, short: 3 },
    async run(stage) {
      const { client } = await stage.play()
      const session = await stage.connect()
      await installGates(session)
      await stage.repeat(async (round) => {
        const gate = KILLED_AT[round % KILLED_AT.length] ?? 'copy'
        await stage.pause(0, 200)
        await closeGate(session, gate)
        const waiting = await someWaitingAt(session, gate)
        await session.query('select pg_terminate_backend(unnest($1::integer[]))', [waiting])
        await until(() => areIdle(session, waiting), GATE_MS, 'the end of the backends')
        await openGate(session, gate)
        await stage.flow()
      })
      stage.claimNoFailure(client)
    },
  },
  {
    name: 'locked',
    fault: 'another session locks the table of spans, or the receipts, for 5 s',
    times: { full: 10, short: 2 },
    async run(stage) {
      const { client } = await stage.play()
      const session = await stage.connect()
      await stage.repeat(async (round) => {
        await stage.pause(0, 500)
        await session.query('begin')
        await session.query(`lock table ${LOCKED[round % LOCKED.length]} in access exclusive mode`)
        await wait(HELD_MS)
        await session.query('rollback')
        await stage.flow()
      })
      stage.claimNoFailure(client)
    },
  },
  {
    name: 'deadlock',
    fault: 'a deadlock with another session, of which the ingest transaction is the victim',
    times: { full: 10, short: 1 },
    async run(stage) {
      const admin = await stage.connect()
      // Sooner than the collector's lock time-out, which would end the wait another way.
      await admin.query(`alter database ${stage.database} set deadlock_timeout = '50ms'`)
      const { client } = await stage.play()
      await installGates(admin)
      const session = await stage.connect()
      await session.query(`set deadlock_timeout = '1h'`)
      const before = await countDeadlocks(admin)
      await stage.repeat(async () => {
        await stage.pause(0, 200)
        await closeGate(admin, 'receipt')
        await someWaitingAt(admin, 'receipt')
        await session.query('begin')
        await session.query('lock table sidelight.span in access exclusive mode')
        const crossing = session.query('lock table sidelight.ingest_receipt')
        await openGate(admin, 'receipt')
        await crossing
        await session.query('rollback')
        await stage.flow()
      })
      await until(
        async () => (await countDeadlocks(admin)) >= before + stage.times,
        GATE_MS,
        'as many deadlocks in the statistics as rounds',
      )
      stage.claimNoFailure(client)
    },
  },
]

async function someWaitingAt(session: Client, gate: Gate): Promise<number[]> {
  let waiting: number[] = []
  await until(
    async () => (waiting = await waitingAt(session, gate)).length > 0,
    GATE_MS,
    `a transaction at the ${gate} gate`,
  )
  return waiting
}

async function countDeadlocks(session: Client): Promise<number> {
  const { rows } = await session.query<{ deadlocks: string }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return Number(rows[0]?.deadlocks)
}
