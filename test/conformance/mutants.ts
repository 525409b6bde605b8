import { startGrpcProxy } from './mutants/grpc-proxy'
import { startHttpProxy } from './mutants/http-proxy'
import { CONTENT_MUTANTS } from './mutants/content'
import { type Mutant, WIRE_MUTANTS } from './mutants/wire'
import type { Doors, Target } from './target'

export type { Mutant }

/** One broken receiver an item of the checklist, in its order. */
export const MUTANTS: readonly Mutant[] = [...WIRE_MUTANTS, ...CONTENT_MUTANTS].sort(
  (a, b) => a.item - b.item,
)

/** Puts proxies before the doors of a receiver while `use` runs. What is secured is left as it is. */
export async function withMutant<T>(
  target: Target,
  { http = {}, grpc = {}, target: change }: Pick<Mutant, 'http' | 'grpc' | 'target'>,
  use: (mutated: Target) => Promise<T>,
): Promise<T> {
  const proxies = await Promise.all([
    startHttpProxy(target.httpUrl, http),
    startGrpcProxy(target.grpcAddress, grpc),
    startHttpProxy(target.limited.httpUrl, http),
    startGrpcProxy(target.limited.grpcAddress, grpc),
  ])
  const [plainHttp, plainGrpc, limitedHttp, limitedGrpc] = proxies.map(({ port }) => port)
  const proxied: Target = {
    ...target,
    ...doorsAt(plainHttp, plainGrpc),
    limited: { ...target.limited, ...doorsAt(limitedHttp, limitedGrpc) },
  }
  try {
    return await use({ ...proxied, ...change?.(proxied) })
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }
}

function doorsAt(httpPort = 0, grpcPort = 0): Doors {
  return { httpUrl: `http://127.0.0.1:${httpPort}`, grpcAddress: `127.0.0.1:${grpcPort}` }
}
