import t from 'tap'
import { createHealthDuties } from '../../collector/store/duties'
import type { HealthCondition } from '../../collector/store/health-conditions'
import { openDatabase } from './database'
import { takeLead } from './leadership'

const SLOW: HealthCondition = {
  tenant: 'acme',
  service: 'shop',
  criterion: 'p95',
  severity: 'warning',
  message: 'shop: p95 3000 ms of 100 requests, degraded from 2000 ms',
}
const DOWN: HealthCondition = {
  tenant: null,
  service: 'mail',
  criterion: 'error_rate',
  severity: 'critical',
  message: 'mail: error rate 50 % of 100 requests, critical above 10 %',
}

t.test(
  'limits of health that are passed are conditions in SQL, as they were judged last',
  async (t) => {
    const pool = await openDatabase(t)
    const leadership = await takeLead(t, pool)
    const told: number[] = []
    let conditions: readonly HealthCondition[] = [SLOW, DOWN]
    const [duty] = createHealthDuties((_pool, nowMs) => {
      told.push(nowMs)
      return Promise.resolve(conditions)
    })
    const listed = async () =>
      (
        await pool.query(
          `select type, severity, resource_id, resource_name, message, tenant from sidelight.v_alert_conditions
         order by severity`,
        )
      ).rows
    await duty?.run(leadership)
    t.ok(Math.abs((told[0] ?? 0) - Date.now()) < 60_000, 'by the clock of Postgres')
    t.strictSame(await listed(), [
      {
        type: 'error_rate',
        severity: 'critical',
        resource_id: 'mail',
        resource_name: 'mail',
        message: DOWN.message,
        tenant: '',
      },
      {
        type: 'p95',
        severity: 'warning',
        resource_id: 'shop',
        resource_name: 'shop',
        message: SLOW.message,
        tenant: 'acme',
      },
    ])

    t.test('what is not passed any more is gone at the next round', async (t) => {
      conditions = [SLOW]
      await duty?.run(leadership)
      t.match(await listed(), [{ type: 'p95' }])
    })

    t.test('what nobody judged for two minutes says nothing', async (t) => {
      await pool.query(
        `update sidelight.health_condition set judged_at = now() - interval '121 seconds'`,
      )
      t.strictSame(await listed(), [])
      conditions = []
      await duty?.run(leadership)
      const { rows } = await pool.query('select 1 from sidelight.health_condition')
      t.equal(rows.length, 0)
    })
  },
)

t.test('a judgement that takes long keeps no stop, and is not kept', async (t) => {
  const pool = await openDatabase(t)
  const ending = new AbortController()
  const leadership = await takeLead(t, pool, ending)
  const [duty] = createHealthDuties(() => {
    ending.abort()
    return new Promise(() => undefined)
  })
  await t.rejects(duty?.run(leadership) ?? Promise.resolve(), { name: 'AbortError' })
})
