import { createProxy, type Proxy } from '../proxy'
import type { Scenario } from '../scenario'
import type { Stage } from '../stage'

const ASKED_BYTES = 64 * 1_024
const ANSWERED_BYTES = 1_024

/** Connections that break at any byte, in a request or in its answer. */
export const CUT_SCENARIOS: readonly Scenario[] = [
  {
    name: 'client-cut',
    fault:
      'the connection between client and collector broken at a random byte, of a request or an answer',
    times: { full: 50, short: 5 },
    async run(stage) {
      const sidecar = await stage.sidecar()
      await sidecar.start()
      const proxy = await openProxy(stage, Number(new URL(sidecar.otlpUrl).port))
      stage.client(`http://127.0.0.1:${proxy.port}`)
      await stage.flow()
      await cutAgainAndAgain(stage, proxy)
    },
  },
  {
    name: 'database-cut',
    fault:
      'the connection between collector and Postgres broken at a random byte, in either direction',
    times: { full: 50, short: 5 },
    async run(stage) {
      const proxy = await openProxy(stage, stage.cluster.port)
      const databaseUrl = new URL(stage.databaseUrl)
      databaseUrl.port = String(proxy.port)
      const { client } = await stage.play({}, { databaseUrl: databaseUrl.href })
      await cutAgainAndAgain(stage, proxy)
      stage.claimNoFailure(client)
    },
  },
]

async function openProxy(stage: Stage, targetPort: number): Promise<Proxy> {
  const proxy = await createProxy(targetPort)
  stage.teardown(() => proxy.close())
  return proxy
}

async function cutAgainAndAgain(stage: Stage, proxy: Proxy): Promise<void> {
  await stage.repeat(async (round) => {
    if (round % 2 === 0) await proxy.cut('asked', 1 + stage.random.below(ASKED_BYTES))
    else await proxy.cut('answered', 1 + stage.random.below(ANSWERED_BYTES))
    await stage.flow()
  })
}
