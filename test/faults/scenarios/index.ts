import type { Scenario } from '../scenario'
import { AWAY_SCENARIOS } from './away'
import { COLLECTOR_SCENARIOS } from './collector'
import { HANG_SCENARIOS } from './hang'
import { POSTGRES_SCENARIOS } from './postgres'
import { STEADY_SCENARIOS } from './steady'

/** Every scenario, in the order they run. */
export const SCENARIOS: readonly Scenario[] = [
  ...COLLECTOR_SCENARIOS,
  ...POSTGRES_SCENARIOS,
  ...HANG_SCENARIOS,
  ...AWAY_SCENARIOS,
  ...STEADY_SCENARIOS,
]
