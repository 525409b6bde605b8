import { setTimeout as wait } from 'node:timers/promises'
import { watchHealth } from './collector.mjs'
import { GOOD_RELEASE } from './shop.mjs'

const BAD_VERSION = '1.1.0'
const BY_VERSION = [
  `select resource_attributes ->> 'service.version' as version, count(*) as requests,`,
  `count(*) filter (where status = 'error') as failed from sidelight.spans`,
  `where service = 'shop-payments' and kind = 'server' group by version order by version`,
].join(' ')

/**
 * `--bad-release`: after `periodMs` a release of the payments service that fails ever more charges, after as long again the
 * one before it. Tells what it does, and every change of health, until `signal` is aborted.
 */
export async function releaseBadly({ shop, traffic, collector, token, periodMs, tell, signal }) {
  const pause = (ms) => wait(ms, undefined, { signal, ref: false })
  try {
    // Of the first few requests a single failure is much.
    await pause(periodMs / 2)
    const tellHealth = (health) => tell(describeHealth(health))
    const watching = watchHealth(collector, token, tellHealth, signal)
    await pause(periodMs / 2)
    await rollOut(shop, traffic, badRelease(periodMs), tell)
    await pause(periodMs)
    await rollBack(shop, traffic, tell)
    await watching
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** When it is rolled back, half of the charges fail. */
function badRelease(periodMs) {
  return { version: BAD_VERSION, env: { EXHAUSTED_AFTER_MS: String(2 * periodMs) } }
}

async function rollOut(shop, traffic, release, tell) {
  await traffic.hold(() => shop.releasePayments(release))
  tell(`shop-payments ${BAD_VERSION} replaces ${GOOD_RELEASE.version}, and fails ever more charges`)
}

async function rollBack(shop, traffic, tell) {
  await traffic.hold(() => shop.releasePayments(GOOD_RELEASE))
  tell(
    `shop-payments is ${GOOD_RELEASE.version} again; health is of the last five minutes, within which it recovers`,
    `which release failed: npx sidelight sql -c "${BY_VERSION}"`,
  )
}

function describeHealth({ status, reasons }) {
  const [first] = reasons
  return `health is ${status}${first === undefined ? '' : `: ${first.message}`}`
}
