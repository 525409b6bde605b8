import { writeFileSync } from 'node:fs'
import { pino } from 'pino'
import { startCluster } from '/work/h/logapi/test/helpers/postgres'
import { createPool } from '/work/h/logapi/collector/store/pool'
import { migrate } from '/work/h/logapi/collector/store/migrate'
import { ensurePartitions, upcomingDays } from '/work/h/logapi/collector/store/partitions'

const ROWS = 3_000_000
async function main() {
  const t = { teardown() {} }
  const cluster = await startCluster(t as never, { durable: false })
  const url = cluster.connectionString()
  writeFileSync('/tmp/logapi-bench/url', url)
  const pool = createPool({ connectionString: url, max: 2, applicationName: 'fill' })
  await migrate(pool, { mode: 'auto', log: pino({ level: 'silent' }) })
  const today = upcomingDays(Date.now())[1]!
  await ensurePartitions(pool, 'log_record', Array.from({ length: 33 }, (_, i) => today - 30 + i))
  await pool.query(`insert into sidelight.service (id, tenant, environment, namespace, name) select n, '', '', '', 'service-' || n from generate_series(1, 12) n`)
  await pool.query(`insert into sidelight.resource (id, attributes, dropped_attributes_count, schema_url) select n, jsonb_build_object('service.name', 'service-' || n), 0, '' from generate_series(1,12) n`)
  await pool.query(`insert into sidelight.scope (id, name, version, attributes, dropped_attributes_count, schema_url) values (1,'bench','','{}',0,'')`)
  const t0 = Date.now()
  // 24 h up to now; service 1 has half of the rows, 12 very few.
  for (let from = 0; from < ROWS; from += 500_000) {
    await pool.query(`
    insert into sidelight.log_record (time, observed_time, trace_id, span_id, service_id, resource_id, scope_id, severity_number, time_ns, body, attributes)
    select at, at, case when n % 3 = 0 then md5('trace ' || n / 30)::uuid end, case when n % 3 = 0 then n end,
      s, s, 1, case when n % 1000 = 7 then 21 when n % 50 = 1 then 17 when n % 10 = 2 then 13 else 9 end, 0,
      'request ' || n || ' to /cart/checkout/' || md5(n::text) || case when n % 5 = 0 then ' connection to the DATABASE was slow' else ' was answered in ' || n % 300 || ' ms by the upstream' end
      || case when n % 900 = 0 then ' Timeout Of Payment' else '' end || case when n = 100000 then ' needle in the haystack' else '' end,
      jsonb_build_object('http.route', '/r' || n % 75, 'user.id', (n % 100000)::text, 'n', n)
    from generate_series($1::bigint, $2::bigint) n, lateral (select now() - interval '24 hours' + n * interval '24 hours' / ${ROWS} as at, case when n % 2 = 0 then 1 when n % 50001 = 1 then 12 else 2 + n % 10 end as s) x`, [from, from + 499_999])
    console.log(from, Date.now() - t0)
  }
  await pool.query('vacuum (freeze, analyze) sidelight.log_record')
  const { rows } = await pool.query(`select c.relname, pg_size_pretty(pg_relation_size(c.oid)) size, (select count(*) from sidelight.log_record l where l.tableoid=c.oid) n from pg_class c where relname ~ '^log_record_2' and pg_relation_size(c.oid) > 0 and relkind='r'`)
  console.log(rows)
  for (const { relname } of rows.slice(0, 1)) {
    await pool.query(`create index ${relname}_attributes on sidelight.${relname} using gin (attributes jsonb_path_ops)`)
  }
  console.log('ready', Date.now() - t0)
  process.stdin.resume()
}
main()
