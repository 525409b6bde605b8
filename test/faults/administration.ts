import { Client } from 'pg'
import type { TestCluster } from '../helpers/postgres'

/** Runs statements one by one on the cluster's own database, over a connection of their own. */
export async function administer(
  cluster: TestCluster,
  ...statements: readonly string[]
): Promise<void> {
  const client = new Client({ connectionString: cluster.connectionString() })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
