/** Lets go of what a start took; called in the reverse order of the start. */
export type Release = () => Promise<unknown>

/** All of them, in the reverse order of the start; throws the first error when the last is done. */
export async function releaseAll(releases: Release[]): Promise<void> {
  const errors: unknown[] = []
  for (const release of releases.splice(0).reverse()) {
    await release().catch((error: unknown) => errors.push(error))
  }
  if (errors.length > 0) throw errors[0]
}
