import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import {
  areIdle,
  closeGate,
  type Gate,
  installGates,
  ITEM_TABLES,
  openGate,
  waitingAt,
} from '../../helpers/commit-gate'
import { until } from '../../helpers/until'
import type { Scenario } from '../scenario'

const GATE_MS = 60_000
const HELD_MS = 5_000
const KILLED_AT: readonly Gate[] = ['copy', 'commit', 'receipt']
/** What is locked at once; what the short run locks comes first. */
const LOCKED: readonly (readonly string[])[] = [
  ITEM_TABLES,
  ['ingest_receipt'],
  ...ITEM_TABLES.map((table) => [table]),
  ['correlation'],
]

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
    fault:
      'another session locks the tables of items, all or one of them, or the receipts, for 5 s',
    times: { full: 14, short: 2 },
    async run(stage) {
      const { client } = await stage.play()
      const session = await stage.connect()
      // Where the two lock in opposite orders, the collector's transaction is the victim.
      await session.query(`set deadlock_timeout = '1h'`)
      await stage.repeat(async (round) => {
        await stage.pause(0, 500)
        await session.query('begin')
        await lockTables(session, LOCKED[round % LOCKED.length] ?? [])
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
        await lockTables(session, ITEM_TABLES)
        const crossing = session.query('lock table sidelight.ingest_receipt')
        // Before the gate opens, or the collector looks for a deadlock that is not there yet.
        await until(() => isReceiptWaitedFor(admin), GATE_MS, 'the other session to wait')
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

async function isReceiptWaitedFor(admin: Client): Promise<boolean> {
  const { rowCount } = await admin.query(
    `select from pg_locks where not granted and relation = 'sidelight.ingest_receipt'::regclass
     and database = (select oid from pg_database where datname = current_database())`,
  )
  return rowCount !== null && rowCount > 0
}

async function lockTables(session: Client, tables: readonly string[]): Promise<void> {
  const names = tables.map((table) => `sidelight.${table}`).join(', ')
  await session.query(`lock table ${names} in access exclusive mode`)
}

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
