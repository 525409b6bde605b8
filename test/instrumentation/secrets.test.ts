import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { install, launch } from './application'
import { folderOf, linesOf } from './program'
import { startReceiver } from './receiver'
import { ASSEMBLIES } from './told'

t.setTimeout(240_000)

/** What is left of a secret that was cut is one, too; bytes are written as lists of numbers. */
const MARK = 'PLANTED'
const MARK_BYTES = [...Buffer.from(MARK)].join()

for (const [assembly, env] of Object.entries(ASSEMBLIES)) {
  t.test(
    `${assembly}: secrets planted anywhere are on no line, in no file and not sent`,
    async (t) => {
      const receiver = await startReceiver(t)
      const files = folderOf(t)
      const folder = install(t, 'planted.cjs')
      const { code, stdout, stderr } = await launch(t, join(folder, 'planted.cjs'), {
        cwd: folder,
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, LOG_FILES_DIR: files, ...env },
      }).ended
      t.equal(code, 0, stderr)
      t.ok(Number(linesOf(stdout).at(-1)?.['planted']) > 40)
      t.ok(receiver.spans.length > 8 && receiver.logs.length > 15 && receiver.points.length > 0)
      const written = readdirSync(files).map((name) => readFileSync(join(files, name), 'utf8'))
      const sent = [receiver.spans, receiver.logs, receiver.points].map((told) =>
        JSON.stringify(told),
      )
      for (const text of [stdout, ...written, ...sent]) {
        const at = Math.max(text.indexOf(MARK), text.indexOf(MARK_BYTES))
        t.equal(at < 0 ? '' : text.slice(Math.max(0, at - 100), at + 20), '')
      }
    },
  )
}
