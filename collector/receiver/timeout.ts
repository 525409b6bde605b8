import { Refusal } from './refusal'

/** The longest a timer of Node can wait. */
const LONGEST_MS = 2 ** 31 - 1

/** The result of `work`; throws `late()` once the time is over, null for never. What `work` began then goes on. */
export async function within<T>(
  timeoutMs: number | null,
  late: () => Refusal,
  work: () => Promise<T>,
): Promise<T> {
  if (timeoutMs === null) return work()
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs)
  })
  try {
    return await Promise.race([work(), over])
  } finally {
    clearTimeout(timer)
  }
}

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/** How long a client waits by its `grpc-timeout`, null for ever (gRPC over HTTP/2, Timeout). Throws Refusal. */
export function parseGrpcTimeoutMs(text: string | undefined): number | null {
  if (text === undefined) return null
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? []
  const unitMs = UNITS_MS[unit]
  if (unitMs === undefined) throw new Refusal('damaged', `grpc-timeout ${text} is no time-out`)
  return Math.min(Number(digits) * unitMs, LONGEST_MS)
}
