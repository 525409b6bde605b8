import { setTimeout as wait } from 'node:timers/promises'
import { until } from '../../helpers/until'
import { freeze, isFrozen, thaw } from '../freeze'
import type { Scenario } from '../scenario'

const SECOND_MS = 1_000
const FREEZE_MS = 5 * SECOND_MS

/** Postgres neither answers nor refuses. Exporters give up after 10 s. */
export const HANG_SCENARIOS: readonly Scenario[] = [
  {
    name: 'postgres-hangs',
    fault: 'SIGSTOP of Postgres and all its backends for 15 s, the last time for 40 s; short: 12 s',
    times: { full: 5, short: 1 },
    async run(stage) {
      const { client } = await stage.play()
      await stage.repeat(async (round) => {
        await stage.pause(0, 500)
        const pid = stage.cluster.pid()
        freeze(pid)
        try {
          await until(() => isFrozen(pid), FREEZE_MS, 'a Postgres that stands still')
          const isLast = round === stage.times - 1
          await wait((stage.isShort ? 12 : isLast ? 40 : 15) * SECOND_MS)
        } finally {
          thaw(pid)
        }
        await stage.flow()
      })
      stage.claimNoFailure(client)
    },
  },
]
