import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { describeConfig, handoverPlaceOf } from '../../collector/config'
import { faultsOf, load } from './loading'

const placeOf = (env: NodeJS.ProcessEnv, yaml?: string) =>
  handoverPlaceOf(load(env, yaml).handoverDir)

t.test("files are handed over in the user's own folder unless another is named", async (t) => {
  const path = join(tmpdir(), `sidelight-${process.getuid?.()}`, 'handover')
  t.same(placeOf({}), { path, isChosen: false })
  t.same(placeOf({ SIDELIGHT_HANDOVER_DIR: '/srv/left' }), { path: '/srv/left', isChosen: true })
  t.same(placeOf({}, 'ingest:\n  handover_dir: /srv/left\n'), { path: '/srv/left', isChosen: true })
  t.equal(placeOf({ SIDELIGHT_HANDOVER_DIR: 'off' }), null)
})

t.test('a relative folder would be another one for the application', async (t) => {
  t.match(faultsOf({ SIDELIGHT_HANDOVER_DIR: './left' }), [
    { key: 'SIDELIGHT_HANDOVER_DIR', problem: 'it is not an absolute path' },
  ])
})

t.test('what applications alone read may be in the same environment', async (t) => {
  load({ SIDELIGHT_OUTBOX_MAX_BYTES: '1', SIDELIGHT_HANDOVER_MAX_BYTES: '1' })
  t.match(faultsOf({ SIDELIGHT_HANDOVER_MAX_BYTE: '1' }), [
    { key: 'SIDELIGHT_HANDOVER_MAX_BYTE', problem: /there is no such variable/ },
  ])
})

t.test('check shows the folder', async (t) => {
  t.match(describeConfig(load({})).at(-1), /^# files are handed over in: .*sidelight-.*handover$/)
  const off = describeConfig(load({ SIDELIGHT_HANDOVER_DIR: 'off' }))
  t.match(off.at(-1), /in: no folder$/)
})
