import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dataFolder } from '../helpers/collector'

t.setTimeout(100_000)

const ROOT = join(__dirname, '..', '..')
const [APPLICATION, COLLECTOR, GROUP] = [40_001, 40_002, 40_003]
const isRoot = process.getuid?.() === 0

/** What the application's side and the collector's do, in the order given, each as a user of its own in one group. */
const SAVE = `
const { createHandover } = require('./dist/instrumentation/delivery/handover')
const to = { url: new URL('http://127.0.0.1:4318'), headers: {} }
const body = { signal: 'traces', bytes: Buffer.from('body'), items: 1 }
const { saved, error } = createHandover(process.env, { traces: to, metrics: to, logs: to }).save([body])
if (saved.size !== 1) throw error`
const PREPARE = `
const { prepareFolder } = require('./dist/collector/ingest/handover/folder')
prepareFolder({ path: process.env.SIDELIGHT_HANDOVER_DIR, isChosen: true }).then((why) => {
  if (why !== null) throw new Error(why)
})`
const TAKE = `
const { readdirSync, unlinkSync } = require('node:fs')
const { readHandedOver } = require('./dist/collector/ingest/handover/file')
const { putAside } = require('./dist/collector/ingest/handover/refused')
const folder = process.env.SIDELIGHT_HANDOVER_DIR
const name = readdirSync(folder).find((name) => name.endsWith('.otlp'))
const options = { isChosen: true, maxBodyBytes: 100, lend: (bytes) => Buffer.alloc(bytes) }
readHandedOver(folder + '/' + name, options).then(async ({ body }) => {
  if (body.toString() !== 'body') throw new Error('another body')
  await putAside(folder, name)
})`

t.test(
  'application and collector of two users share a folder by its group, whoever is first',
  { skip: !isRoot && 'needs root' },
  async (t) => {
    const orders = {
      'the application is first': [APPLICATION, COLLECTOR],
      'the collector is first': [COLLECTOR, APPLICATION],
    }
    for (const [order, [first]] of Object.entries(orders)) {
      const shared = join(dataFolder(t), 'shared')
      mkdirSync(shared)
      chownSync(shared, 0, GROUP)
      chmodSync(shared, 0o2770)
      const folder = join(shared, 'handover')
      const run = (uid: number, code: string) => {
        const env = { ...process.env, SIDELIGHT_HANDOVER_DIR: folder, NODE_OPTIONS: '' }
        const { status, stderr } = spawnSync(process.execPath, ['-e', code], {
          cwd: ROOT,
          env,
          uid,
          gid: GROUP,
          encoding: 'utf8',
        })
        t.equal(status, 0, `${order}: ${stderr}`)
      }
      if (first === COLLECTOR) run(COLLECTOR, PREPARE)
      run(APPLICATION, SAVE)
      run(COLLECTOR, PREPARE)
      run(COLLECTOR, TAKE)
      t.equal(statSync(folder).mode & 0o7777, 0o2770)
      t.equal(statSync(join(folder, 'refused')).mode & 0o7777, 0o2770)
      t.equal(readdirSync(join(folder, 'refused')).length, 1)
    }
  },
)
