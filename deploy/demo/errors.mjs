import { setTimeout as wait } from 'node:timers/promises'

const ERRORS = '/api/v1/errors'
const POLL_MS = 500
const REQUEST_TIMEOUT_MS = 5_000

/** The id of the group of errors of a service that has this text; undefined when there is none. */
export async function findError({ apiUrl }, token, { service, text }) {
  const query = new URLSearchParams({ service, text, hours: '1' })
  return (await ask(`${apiUrl}${ERRORS}?${query}`, token))?.errors[0]?.id
}

/** Resolves a group in a release, or in the next one while that has not been seen; tells whether it did. */
export async function resolveError({ apiUrl }, token, id, release) {
  const notes = `fixed in ${release}, it is said`
  for (const how of [{ in: 'release', release }, { in: 'next_release' }]) {
    const body = JSON.stringify({ ...how, by: 'npm run demo', notes })
    if ((await ask(`${apiUrl}${ERRORS}/${id}/resolve`, token, body)) !== undefined) return true
  }
  return false
}

/** Whether a group comes back after it was resolved, before `signal` is aborted. */
export async function untilRegressed({ apiUrl }, token, id, signal) {
  while (!signal.aborted) {
    const group = await ask(`${apiUrl}${ERRORS}/${id}`, token)
    if (group?.group.state === 'regressed') return true
    await wait(POLL_MS, undefined, { signal }).catch(() => {})
  }
  return false
}

/** Undefined when there is no answer, or it is not 200. */
async function ask(url, token, body) {
  try {
    const answer = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    return answer.ok ? await answer.json() : undefined
  } catch {
    return undefined
  }
}
