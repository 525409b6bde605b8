import type { Scenario } from '../scenario'

/** The collector's process ends: killed, or asked to. */
export const COLLECTOR_SCENARIOS: readonly Scenario[] = [
  {
    name: 'collector-killed',
    fault: 'kill -9 of the collector at a random moment, half of the times while Postgres is away',
    times: { full: 100, short: 5 },
    async run(stage) {
      const { sidecar } = await stage.play()
      await stage.repeat(async (round) => {
        const isAway = round % 2 === 1
        if (isAway) await stage.cluster.stop('SIGINT')
        await stage.pause(0, 500)
        await sidecar.end('SIGKILL')
        if (isAway) {
          // Started without Postgres, it takes up the spool of the one before; killed again now and then.
          await sidecar.start('live')
          await stage.pause(0, 500)
          if (stage.random.chance(0.5)) {
            await sidecar.end('SIGKILL')
            await sidecar.start('live')
          }
          await stage.cluster.restart()
        } else {
          await sidecar.start()
        }
        await stage.flow()
      })
    },
  },
  {
    name: 'both-killed',
    fault: 'kill -9 of the collector and of Postgres in the same instant',
    times: { full: 20, short: 1 },
    async run(stage) {
      const { sidecar } = await stage.play()
      await stage.repeat(async () => {
        await stage.pause(0, 500)
        await Promise.all([sidecar.end('SIGKILL'), stage.cluster.stop('SIGKILL')])
        const restarts = [() => sidecar.start('live'), () => stage.cluster.restart()]
        for (const restart of stage.random.shuffle(restarts)) await restart()
        await stage.flow()
      })
    },
  },
  {
    name: 'rolling-restart',
    fault: 'SIGTERM under load and a new start, of two collectors in turn',
    times: { full: 20, short: 2 },
    async run(stage) {
      const { sidecar: first } = await stage.play()
      const { sidecar: second } = await stage.play()
      await stage.repeat(async (round) => {
        const sidecar = round % 2 === 0 ? first : second
        await stage.pause(0, 500)
        const code = await sidecar.end('SIGTERM')
        stage.claim(code === 0, `a collector ended with ${code ?? 'a signal'} at SIGTERM`)
        await sidecar.start()
        await stage.flow()
      })
    },
  },
]
