/** Which service: two of one name in different environments are two. */
export interface Identity {
  readonly tenant: string | null
  readonly environment: string | null
  readonly namespace: string | null
  readonly service: string | null
}

/** A text that no other service has. */
export function identityKey({ tenant, environment, namespace, service }: Identity): string {
  return JSON.stringify([tenant, environment, namespace, service])
}
