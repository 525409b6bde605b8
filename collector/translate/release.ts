import type { ResourceIdentity, ServiceIdentity } from './identity'
import type { Translation } from './translator'

/**
 * Says that a row of this request is of the service in the release that the resource names, and returns it; empty when it names
 * none, or one above the cap of the service.
 */
export function useRelease(
  { dictionary, overflow }: Pick<Translation, 'dictionary' | 'overflow'>,
  resource: ResourceIdentity,
  service: ServiceIdentity,
): string {
  const release = dictionary.release(resource, service)
  if (release === null || !overflow.admitsRelease(release, service)) return ''
  dictionary.use(release)
  return resource.release
}
