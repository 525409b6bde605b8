import t from 'tap'
import type { SpoolRef } from '../../collector/ingest/spool/spool'
import { createRandom } from '../helpers/random'
import { KIB, openAt, request, spoolFolder, textOf } from './spools'

type Fate = 'ready' | 'held' | 'out' | 'settled'

/** What a caller may know of a record: its place and what became of it. */
interface Known {
  readonly ref: SpoolRef
  readonly body: string
  fate: Fate
}

t.test('random steps, several at a time, leave what a list of records says', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const random = createRandom(seed)
    const folder = spoolFolder(t)
    let spool = await openAt(t, folder, { segmentBytes: 2 * KIB })
    let all: Known[] = []
    let sent = 0
    const some = (fate: Fate) => all.filter((known) => known.fate === fate && random.chance(1 / 3))
    const append = async () => {
      const isHeld = random.chance(1 / 3)
      const body = `${sent++} ${'x'.repeat(random.below(600))}`
      const ref = await spool.append(request(body), { isHeld })
      all.push({ ref, body, fate: isHeld ? 'held' : 'ready' })
    }
    const steps: (() => Promise<unknown>)[] = [
      () => Promise.all(Array.from({ length: random.below(8) }, append)),
      async () => {
        const back = [...some('held'), ...some('out')]
        for (const known of back) known.fate = 'ready'
        spool.release(back.map(({ ref }) => ref))
      },
      () => {
        const done = [...some('held'), ...some('out')]
        for (const known of done) known.fate = 'settled'
        return spool.settle(done.map(({ ref }) => ref))
      },
      async () => {
        for (const { ref, request } of await spool.next(random.below(2 * KIB))) {
          const known = all.find(({ body }) => body === textOf(request))
          if (known?.fate !== 'ready') t.fail(`${textOf(request)} was ${known?.fate}`)
          t.strictSame(known?.ref, ref)
          if (known) known.fate = 'out'
        }
      },
    ]
    for (let round = 0; round < 150; round++) {
      await Promise.all(Array.from({ length: 3 }, () => random.pick(steps)()))
      if (!random.chance(1 / 15)) continue
      await spool.close()
      spool = await openAt(t, folder, { segmentBytes: 2 * KIB })
      all = all.filter(({ fate }) => fate !== 'settled')
      for (const known of all) known.fate = 'ready'
      t.equal(spool.state().records, all.length)
    }
    spool.release(all.filter(({ fate }) => fate !== 'settled').map(({ ref }) => ref))
    const kept = all.filter(({ fate }) => fate !== 'settled').map(({ body }) => body)
    t.strictSame((await spool.drain()).sort(), kept.sort(), `seed ${seed}`)
  }
})
