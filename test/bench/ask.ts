import { ADMIN_TOKEN, type RunningCollector } from '../helpers/collector'

/** What the API answers to a GET of the path, whole and parsed, and how long that took. Throws unless it is an answer. */
export async function ask<T>(
  collector: RunningCollector,
  path: string,
): Promise<{ readonly answer: T; readonly millis: number }> {
  const startedAt = process.hrtime.bigint()
  const response = await fetch(`${collector.apiUrl}${path}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const body = await response.text()
  if (!response.ok) throw new Error(`the API answered ${response.status} to ${path}: ${body}`)
  const answer = JSON.parse(body) as T
  return { answer, millis: Number(process.hrtime.bigint() - startedAt) / 1e6 }
}
