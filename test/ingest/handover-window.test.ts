import { readdirSync } from 'node:fs'
import t from 'tap'
import type { Pool } from 'pg'
import { Unavailable } from '../../collector/errors'
import {
  deleteOldReceipts,
  isReceiptKept,
  registerSidecar,
  reportDrained,
} from '../../collector/store/maintenance'
import { handOver } from '../helpers/handed-over'
import { uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { openDatabase } from '../store/database'
import { readableLog, startHandover } from './handovers'
import { TIMEOUT_MS } from './writes'

const HOUR_MS = 3_600_000
const ID = uuidOf('sidecar')
const sidecar = { id: ID, host: 'pod-1', version: '0.1.0', roles: ['ingest'] }

/** What becomes of a file that is found so long after it was written. */
async function findLater(
  t: Parameters<typeof startHandover>[0],
  hours: number,
  options: Parameters<typeof startHandover>[1] = {},
  file: { triedAgoMs?: number } = { triedAgoMs: 0 },
) {
  const asked: number[] = []
  const found = await startHandover(t, {
    nowMs: () => Date.now() + hours * HOUR_MS,
    isReceiptKept: (ageMs) => {
      asked.push(ageMs / HOUR_MS)
      return Promise.resolve(false)
    },
    ...options,
  })
  handOver(found.folder, { body: Buffer.from('a body'), ...file })
  await until(
    async () => (await found.counters.handedOverFiles.get()).values.length > 0,
    TIMEOUT_MS,
    'an end of the file',
  )
  return { ...found, asked }
}

t.test('a file younger than every receipt is stored without a question', async (t) => {
  const { digests, asked, buried } = await findLater(t, 1.9)
  t.same([digests.length, asked.length, buried.length], [1, 0, 0])
})

t.test('one that was never sent is stored however old, within the age of the spool', async (t) => {
  const { digests, asked, buried } = await findLater(t, 23, {}, {})
  t.same([digests.length, asked.length, buried.length], [1, 0, 0])
  const older = await findLater(t, 25, {}, {})
  t.same([older.digests.length, older.buried.length], [0, 1])
})

t.test(
  'its name says that it is tried before it is, so that it is in doubt from then on',
  async (t) => {
    let tried: string[] = []
    const found = await startHandover(t, {
      accept: () => {
        tried = readdirSync(found.folder)
        return Promise.reject(new Unavailable('away'))
      },
    })
    const name = handOver(found.folder, { body: Buffer.from('a body'), ageMs: 3 * HOUR_MS })
    await until(() => tried.length > 0, TIMEOUT_MS, 'a try')
    t.match(tried, [new RegExp(`^${name.replace('.otlp', '')}-\\d{13}\\.otlp$`)])
    await until(() => found.inbox.state().files === 1, TIMEOUT_MS, 'one file, by one name')
  },
)

t.test('an older one is stored when its receipt is certainly there', async (t) => {
  const { digests } = await findLater(t, 3, { isReceiptKept: () => Promise.resolve(true) })
  t.equal(digests.length, 1)
})

t.test('else it is a dead letter, told once and counted', async (t) => {
  const { lines, log } = readableLog()
  const { digests, asked, buried, counters, folder } = await findLater(t, 3, { log })
  t.equal(Math.round(asked[0] ?? 0), 3)
  t.equal(digests.length, 0)
  t.match(buried, [
    [{ signal: 'traces', isInDoubt: true, body: Buffer.from('a body') }, /no receipt/],
  ])
  t.match(await counters.deadLetters.get(), {
    values: [{ labels: { reason: 'in_doubt' }, value: 1 }],
  })
  t.match(await counters.handedOverFiles.get(), {
    values: [{ labels: { outcome: 'dead' }, value: 1 }],
  })
  await until(() => readdirSync(folder).length === 0, TIMEOUT_MS, 'the deletion')
  t.match(lines, [/may have been stored, so long ago that no receipt would tell.*dead_letter/])
})

t.test('beyond the age of the spool nobody is asked', async (t) => {
  const { digests, asked, buried } = await findLater(t, 25, {
    isReceiptKept: () => Promise.reject(new Error('not to be asked')),
  })
  t.same([digests.length, asked.length, buried.length], [0, 0, 1])
})

t.test('nor for one that was put there long after it was sent', async (t) => {
  const found = await startHandover(t, {
    isReceiptKept: () => Promise.reject(new Error('not to be asked')),
  })
  handOver(found.folder, { body: Buffer.from('a body'), triedAgoMs: 3 * HOUR_MS })
  await until(() => found.buried.length === 1, TIMEOUT_MS, 'a dead letter')
})

t.test('a database that does not answer leaves the file', async (t) => {
  let answers = false
  const found = await startHandover(t, {
    nowMs: () => Date.now() + 3 * HOUR_MS,
    isReceiptKept: () =>
      answers ? Promise.resolve(true) : Promise.reject(new Unavailable('away')),
  })
  handOver(found.folder, { body: Buffer.from('a body'), triedAgoMs: 0 })
  await until(() => found.inbox.state().files === 1, TIMEOUT_MS, 'a file that is known')
  t.equal(found.digests.length, 0)
  answers = true
  // Its clock stands hours ahead, and its pause is a second.
  await until(() => found.digests.length === 1, TIMEOUT_MS, 'a second try')
})

async function setTimes(pool: Pool, heartbeatHours: number, startedHours: number): Promise<void> {
  await pool.query(
    `update sidelight.sidecar set heartbeat_at = now() - $1 * interval '1 hour',
     started_at = now() - $2 * interval '1 hour'`,
    [heartbeatHours, startedHours],
  )
}

t.test('receipts are known to be there where a sidecar has kept them all the time', async (t) => {
  const pool = await openDatabase(t)
  const isKept = (hours: number) => isReceiptKept(pool, hours * HOUR_MS)
  t.notOk(await isKept(3), 'nobody has')
  await registerSidecar(pool, sidecar, null)
  await setTimes(pool, 5, 10)
  t.ok(await isKept(4), 'it died before')
  t.ok(await isKept(5))
  t.notOk(await isKept(6), 'it said that it had nothing from then')
  await registerSidecar(pool, sidecar, 7 * HOUR_MS)
  await setTimes(pool, 0, 8)
  t.ok(await isKept(6.5), 'it has had something to store from then on')
  t.notOk(await isKept(7.5))
  await setTimes(pool, 0, 4)
  t.notOk(await isKept(6.5), 'it came when receipts were gone already')
  t.ok(await isKept(5.9))
  await registerSidecar(pool, sidecar, 30 * HOUR_MS)
  await setTimes(pool, 0, 40)
  t.ok(await isKept(23))
  t.notOk(await isKept(25), 'nobody keeps them longer than a day')
  await reportDrained(pool, ID)
  t.notOk(await isKept(3), 'it keeps nothing any more')
})

t.test('and then they are', async (t) => {
  const pool = await openDatabase(t)
  await pool.query(
    `insert into sidelight.ingest_receipt (digest, received_at)
     select gen_random_uuid(), now() - age * interval '1 hour' from unnest('{3, 5.01, 8}'::float8[]) as age`,
  )
  await registerSidecar(pool, sidecar, null)
  await setTimes(pool, 5, 10)
  t.equal(await deleteOldReceipts(pool), 1, 'only what is older than it can say')
})
