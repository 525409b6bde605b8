/** A test process for the test of its own databases: starts a cluster, prints its postmaster and folder, waits. */
import { startCluster } from './postgres'

async function run(): Promise<void> {
  const cluster = await startCluster({ teardown: () => undefined }, { durable: false })
  console.log(JSON.stringify({ pid: cluster.pid(), folder: cluster.folder }))
  setInterval(() => undefined, 60_000)
}

void run()
