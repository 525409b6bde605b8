import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'

const CLIENT = join(__dirname, '..', 'end-to-end', 'client.ts')

/** An application that exports spans until told to stop, and keeps on disk which were acknowledged. */
export interface LedgerClient {
  /** Ids of the spans acknowledged so far, as the unsigned hex of the wire. */
  acknowledged(): string[]
  /** Lets the exports under way end; says how many retries there were and how many exports failed for good. */
  stop(): Promise<{ retries: number; failed: number }>
}

/** Starts the client against a collector's door; ended at teardown. */
export function startLedgerClient(
  t: { teardown(fn: () => void): void },
  otlpUrl: string,
  ledgerPath: string,
): LedgerClient {
  writeFileSync(ledgerPath, '')
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', CLIENT, `${otlpUrl}/v1/traces`, ledgerPath],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  t.teardown(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const closed = once(child, 'close')
  return {
    acknowledged: () => readFileSync(ledgerPath, 'utf8').split('\n').filter(Boolean),
    async stop() {
      child.stdin?.end()
      await closed
      return JSON.parse(output) as { retries: number; failed: number }
    },
  }
}

/** How often each acknowledged span is stored (`stored` by times), and how many spans are stored more than once. */
export async function settle(
  client: Client,
  acknowledged: readonly string[],
): Promise<{ lost: number; once: number; repeated: number }> {
  const { rows } = await client.query<{ lost: string; once: string; repeated: string }>(
    `with stored as (
       select lpad(to_hex(span_id), 16, '0') as id, count(*) as copies from sidelight.span group by 1
     ), ledger as (select distinct unnest($1::text[]) as id)
     select count(*) filter (where ledger.id is not null and stored.copies is null) as lost,
            count(*) filter (where ledger.id is not null and stored.copies = 1) as once,
            count(*) filter (where stored.copies > 1) as repeated
     from ledger full join stored using (id)`,
    [acknowledged],
  )
  const row = rows[0]
  return { lost: Number(row?.lost), once: Number(row?.once), repeated: Number(row?.repeated) }
}
