import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import {
  type Application,
  APPS,
  BOOTSTRAP,
  launch,
  type LaunchOptions,
} from '../instrumentation/application'

/** An instrumented application that keeps a list of the spans it ended, in a file (`ledger.cjs`). */
export interface LedgerApplication extends Application {
  /** What it ended so far. */
  spans(): LedgerSpans
}

/** Ids in hex. */
export interface LedgerSpans {
  readonly all: readonly string[]
  /** Those with a line in them. */
  readonly logged: readonly string[]
}

/** How what is stored of the application compares with what it ended; all but `stored` have to be 0. */
export interface Comparison {
  /** Different spans or lines. */
  readonly stored: number
  readonly lost: number
  readonly duplicated: number
  /** Stored, but not known of to the application. */
  readonly unknown: number
}

export interface LedgerApplicationPlan {
  readonly way: 'exit' | 'throw' | 'work' | 'serve'
  readonly otlpUrl: string
  /** For what is not sent when it ends. */
  readonly handoverDir: string
  readonly ledgerPath: string
  readonly env?: NodeJS.ProcessEnv
}

const SERVICE = 'ledger-application'

/** Starts the application with the built bootstrap; killed at teardown. */
export function startLedgerApplication(
  t: Parameters<typeof launch>[0],
  plan: LedgerApplicationPlan,
): LedgerApplication {
  const options: LaunchOptions = {
    flags: ['--require', BOOTSTRAP],
    args: [plan.way],
    env: {
      OTEL_SERVICE_NAME: SERVICE,
      OTEL_EXPORTER_OTLP_ENDPOINT: plan.otlpUrl,
      SIDELIGHT_HANDOVER_DIR: plan.handoverDir,
      APP_LEDGER: plan.ledgerPath,
      ...plan.env,
    },
  }
  const application = launch(t, join(APPS, 'ledger.cjs'), options)
  return { ...application, spans: () => readLedger(plan.ledgerPath) }
}

/** Compares spans and lines with the database. */
export async function compareLedger(
  client: Client,
  { all, logged }: LedgerSpans,
): Promise<{ readonly spans: Comparison; readonly lines: Comparison }> {
  const [spans, lines] = [await compare(client, SPANS, all), await compare(client, LINES, logged)]
  return { spans, lines }
}

const SPANS = `select span_hex as id from sidelight.spans where service = '${SERVICE}'`
const LINES = `select span_hex as id from sidelight.logs where service = '${SERVICE}' and body = 'worked'`

async function compare(client: Client, from: string, ids: readonly string[]): Promise<Comparison> {
  const { rows } = await client.query<Comparison>(
    `with ended as (select unnest($1::text[]) as id),
     stored as (select id, count(*) as copies from (${from}) as item group by id)
     select
       count(stored.id)::int as stored,
       count(*) filter (where stored.id is null)::int as lost,
       coalesce(sum(stored.copies - 1), 0)::int as duplicated,
       count(*) filter (where ended.id is null)::int as unknown
     from ended full join stored using (id)`,
    [ids],
  )
  const [comparison] = rows
  if (comparison === undefined) throw new Error('an aggregate has a row')
  return comparison
}

function readLedger(path: string): LedgerSpans {
  const entries = readFileSync(path, 'latin1')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
  const idsOf = (wanted: (name: string) => boolean) =>
    entries.flatMap(([name = '', id = '']) => (wanted(name) ? [id] : []))
  return { all: idsOf(() => true), logged: idsOf((name) => name === 'work') }
}
