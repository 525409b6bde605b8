import { setTimeout as wait } from 'node:timers/promises'
import { watchHealth } from './collector.mjs'
import { findError, resolveError, untilRegressed } from './errors.mjs'
import { GOOD_RELEASE, PAYMENTS } from './shop.mjs'

const BAD_VERSION = '1.1.0'
/** How long health is waited for at most where the machine is busy, or other services have their own troubles. */
const PATIENCE_MS = 60_000
/** What the bad release is said to fix, and does not. */
const OLD_ERROR = 'the card network does not answer'
const BY_VERSION = [
  `select resource_attributes ->> 'service.version' as version, count(*) as requests,`,
  `count(*) filter (where status = 'error') as failed from sidelight.spans`,
  `where service = 'shop-payments' and kind = 'server' group by version order by version`,
].join(' ')

/**
 * `--bad-release`: after `periodMs` a release of the payments service that fails ever more charges, after as long again the
 * one before it; a little later where health has not told by then that all was well, or is not any more. An error of old is
 * resolved with the bad release, and comes back in it. Tells what it does, every change of health, and when the error is back,
 * until `signal` is aborted.
 */
export async function releaseBadly({ shop, traffic, collector, token, periodMs, tell, signal }) {
  const pause = (ms) => wait(ms, undefined, { signal, ref: false })
  const show = { collector, token, tell, signal }
  try {
    // Of the first few requests a single failure is much.
    await pause(periodMs / 2)
    const onTold = {}
    const told = (status) => new Promise((resolve) => (onTold[status] = resolve))
    const [healthy, critical] = [told('healthy'), told('critical')]
    const tellHealth = (health) => {
      tell(describeHealth(health))
      onTold[health.status]?.()
    }
    const watching = watchHealth(collector, token, tellHealth, signal)
    await pause(periodMs / 2)
    await Promise.race([healthy, pause(PATIENCE_MS)])
    const errorId = await rollOut(shop, traffic, badRelease(periodMs), show)
    const returning = tellReturn(errorId, show)
    await pause(periodMs)
    await Promise.race([critical, pause(PATIENCE_MS)])
    await rollBack(shop, traffic, show)
    await Promise.all([watching, returning])
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** When it is rolled back, half of the charges fail. */
function badRelease(periodMs) {
  return { version: BAD_VERSION, env: { EXHAUSTED_AFTER_MS: String(2 * periodMs) } }
}

/** Resolves with the id of the error that is resolved on the way; undefined when there is none. */
async function rollOut(shop, traffic, release, { collector, token, tell }) {
  let errorId
  await traffic.hold(async () => {
    const found = await findError(collector, token, { service: PAYMENTS, text: OLD_ERROR })
    if (found !== undefined && (await resolveError(collector, token, found, BAD_VERSION))) {
      errorId = found
      tell(`the error "${OLD_ERROR}" is resolved, as ${BAD_VERSION} is said to fix it`)
    }
    await shop.releasePayments(release)
  })
  tell(`${PAYMENTS} ${BAD_VERSION} replaces ${GOOD_RELEASE.version}, and fails ever more charges`)
  return errorId
}

async function tellReturn(errorId, { collector, token, tell, signal }) {
  if (errorId === undefined || !(await untilRegressed(collector, token, errorId, signal))) return
  tell(
    `the error "${OLD_ERROR}" is back in ${BAD_VERSION}, regressed:`,
    `${collector.apiUrl}/errors/${errorId}`,
  )
}

async function rollBack(shop, traffic, { collector, tell }) {
  await traffic.hold(() => shop.releasePayments(GOOD_RELEASE))
  tell(
    `${PAYMENTS} is ${GOOD_RELEASE.version} again; health is of the last five minutes, within which it recovers`,
    `what failed, and in which release: ${collector.apiUrl}/errors?service=${PAYMENTS}`,
    `npx sidelight sql -c "${BY_VERSION}"`,
  )
}

function describeHealth({ status, reasons }) {
  const [first] = reasons
  return `health is ${status}${first === undefined ? '' : `: ${first.message}`}`
}
