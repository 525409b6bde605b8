import type { Scenario } from '../scenario'
import { APPLICATION_SCENARIOS } from './application'
import { AWAY_SCENARIOS } from './away'
import { COLLECTOR_SCENARIOS } from './collector'
import { CUT_SCENARIOS } from './cut'
import { DISK_SCENARIOS } from './disk'
import { GARBAGE_SCENARIOS } from './garbage'
import { HANDOVER_SCENARIOS } from './handover'
import { HANG_SCENARIOS } from './hang'
import { LEADER_SCENARIOS } from './leader'
import { POSTGRES_SCENARIOS } from './postgres'
import { REFUSAL_SCENARIOS } from './refusal'
import { SESSION_SCENARIOS } from './session'
import { STEADY_SCENARIOS } from './steady'

/** Every scenario, in the order they run: the longest come last. */
export const SCENARIOS: readonly Scenario[] = [
  ...COLLECTOR_SCENARIOS,
  ...HANDOVER_SCENARIOS,
  ...APPLICATION_SCENARIOS,
  ...POSTGRES_SCENARIOS,
  ...SESSION_SCENARIOS,
  ...REFUSAL_SCENARIOS,
  ...DISK_SCENARIOS,
  ...CUT_SCENARIOS,
  ...GARBAGE_SCENARIOS,
  ...HANG_SCENARIOS,
  ...LEADER_SCENARIOS,
  ...AWAY_SCENARIOS,
  ...STEADY_SCENARIOS,
]
