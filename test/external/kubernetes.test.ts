import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { findFaults } from '../deploy/models'
import { blocksOf } from '../deploy/page'
import { dataFolder } from '../helpers/collector'
import { containerOf, parseObjects, podOf, readRendered, RENDERED, ROOT } from '../deploy/objects'

t.setTimeout(120_000)

const MANIFESTS = join(ROOT, 'deploy', 'kubernetes')

/** What kubectl makes of a kustomization, without a cluster. Throws with what it says. */
function render(folder: string): string {
  const args = ['kustomize', relative(ROOT, folder)]
  const { error, status, stdout, stderr } = spawnSync('kubectl', args, {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (error !== undefined || status !== 0)
    throw new Error(`kubectl ${args.join(' ')}: ${stderr || error?.message}`)
  return stdout
}

t.test('kubectl is there, with a kustomize that makes what is tested', async (t) => {
  const wanted =
    'kubectl 1.27 or later is needed (https://kubernetes.io/docs/tasks/tools/; Debian 12 has 1.20)'
  const { error, stdout } = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' })
  const [, major = '0'] = /Kustomize Version: v(\d+)/.exec(stdout ?? '') ?? []
  t.ok(
    error === undefined && Number(major) >= 5,
    `${wanted}, and there is: ${error?.message ?? stdout}`,
  )
})

t.test('the other tests look at what kubectl makes of the manifests', async (t) => {
  const folders = { example: join(MANIFESTS, 'example'), ...fixtures() }
  t.same(Object.keys(folders).sort(), ['classic', 'example', 'own', 'pooled'])
  for (const [name, folder] of Object.entries(folders)) {
    const file = join(RENDERED, `${name}.yaml`)
    const command = `kubectl kustomize ${relative(ROOT, folder)} > ${relative(ROOT, file)}`
    t.same(parseObjects(render(folder)), readRendered(name), command)
  }
})

/** The kustomizations that are for tests alone. */
function fixtures(): Record<string, string> {
  const folders = readdirSync(RENDERED, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  return Object.fromEntries(folders.map(({ name }) => [name, join(RENDERED, name)]))
}

t.test('every kustomization that can be applied alone is of sound objects', async (t) => {
  const folders = ['api', 'postgres', 'network', 'pgbouncer', 'example', 'example/shop']
  const objects = folders.map((folder) => parseObjects(render(join(MANIFESTS, folder))))
  for (const [at, folder] of folders.entries()) t.ok(objects[at]?.length, folder)
  t.same(await findFaults(objects.flat()), [])
})

t.test('what the page says to add to a kustomization works', async (t) => {
  const page = readFileSync(join(MANIFESTS, 'README.md'), 'utf8')
  const [kustomization = '', patch = ''] = [...page.matchAll(/^( *)```yaml\n([^]*?)^ *```/gm)].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
  t.match(patch, /fsGroup/)
  for (const component of ['component', 'classic']) {
    const folder = dataFolder(t)
    cpSync(MANIFESTS, join(folder, 'sidelight'), { recursive: true })
    cpSync(join(MANIFESTS, 'example/shop/deployment.yaml'), join(folder, 'deployment.yaml'))
    const text = kustomization.replace('sidelight/component', `sidelight/${component}`)
    writeFileSync(join(folder, 'kustomization.yaml'), text + patch)
    const objects = parseObjects(render(folder))
    const pod = podOf(objects, 'Deployment', 'shop')
    t.equal(pod.securityContext?.fsGroup, 2000)
    t.match(containerOf(pod, 'sidelight').image, /^registry\.example\.com\/sidelight:/)
    t.ok(podOf(objects, 'Deployment', 'sidelight-api'))
  }
})

t.test('what quickstart.md renders is there', async (t) => {
  const page = readFileSync(join(ROOT, 'deploy', 'quickstart.md'), 'utf8')
  const commands = blocksOf(page).filter(({ info }) => info[1] === 'kubernetes')
  t.ok(commands.length > 0)
  for (const { text } of commands) {
    const [, folder = ''] = /^kubectl kustomize (\S+)\n$/.exec(text) ?? []
    t.ok(parseObjects(render(join(ROOT, folder))).length > 10, text)
  }
})

t.test('every file of the manifests is used', async (t) => {
  const files = execFileSync('git', ['ls-files', 'deploy/kubernetes'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const unused = files
    .split('\n')
    .filter((path) => /\.(yaml|mjs|ini)$/.test(path) && !path.endsWith('/kustomization.yaml'))
    .filter((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const folder = path.slice(0, path.lastIndexOf('/'))
      return !readFileSync(join(ROOT, folder, 'kustomization.yaml'), 'utf8').includes(name)
    })
  t.same(unused, [])
})
