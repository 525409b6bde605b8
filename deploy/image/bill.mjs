import { createHash } from 'node:crypto'

/**
 * The bill of materials of a layer (CycloneDX): what npm says of the packages that are in its bundle, without the moment and the
 * folder it was made in, so that the same sources make the same image.
 *
 * @param {{ components: object[], dependencies: object[], metadata: object }} all of npm, of every package installed
 * @param {string} name
 * @param {string} licences of the bundle
 */
export function billOf(all, name, licences) {
  const lines = new Set(licences.split('\n'))
  const isIn = (component) => lines.has(`${component.name} ${component.version}`)
  const components = all.components.filter(isIn)
  const root = all.metadata.component
  const refs = new Set([root, ...components].map((component) => component['bom-ref']))
  const dependencies = all.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }))
  const { timestamp: _, ...metadata } = all.metadata
  const content = {
    metadata: { ...metadata, component: { ...root, name } },
    components,
    dependencies,
  }
  const { $schema, bomFormat, specVersion, version } = all
  return { $schema, bomFormat, specVersion, serialNumber: serialOf(content), version, ...content }
}

/** A UUID of the content (version 8). */
function serialOf(content) {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex')
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return `urn:uuid:${parts.join('-')}`
}
