import type { Scenario } from '../scenario'
import type { Stage } from '../stage'

/** The server ends and comes back. */
export const POSTGRES_SCENARIOS: readonly Scenario[] = [
  {
    name: 'postgres-killed',
    fault: 'kill -9 of the postmaster at a random moment',
    times: { full: 100, short: 5 },
    run: (stage) => endAgainAndAgain(stage, 'SIGKILL'),
  },
  {
    name: 'postgres-restarted',
    fault: 'a fast stop of Postgres and a new start',
    times: { full: 10, short: 1 },
    run: (stage) => endAgainAndAgain(stage, 'SIGINT'),
  },
  {
    name: 'postgres-stopped-at-once',
    fault: 'an immediate stop of Postgres and a new start',
    times: { full: 10, short: 1 },
    run: (stage) => endAgainAndAgain(stage, 'SIGQUIT'),
  },
]

async function endAgainAndAgain(
  stage: Stage,
  signal: 'SIGKILL' | 'SIGINT' | 'SIGQUIT',
): Promise<void> {
  const { client } = await stage.play()
  await stage.repeat(async () => {
    await stage.pause(0, 500)
    await stage.cluster.stop(signal)
    await stage.pause(0, 500)
    await stage.cluster.restart()
    await stage.flow()
  })
  stage.claimNoFailure(client)
}
