// What the shop does by itself.
const { createModuleLogger, registerRule, trackRuleExecution } = require('./sidelight.cjs')

const log = createModuleLogger('rules')

const BIG_ORDER = 60_000
const RESTOCK_EVERY = 5
const RESTOCK_FAILS_EVERY = 4

/** Nothing runs `rule_win_back` any more: its schedule was lost in a release. */
const RULES = [
  { id: 'rule_thanks', name: 'Thank for big orders', type: 'order', enabled: true },
  { id: 'rule_restock', name: 'Order what runs out', type: 'schedule', enabled: true },
  {
    id: 'rule_win_back',
    name: 'Win back customers',
    type: 'segment',
    enabled: true,
    segmentMemberCount: 1_840,
  },
  {
    id: 'rule_news',
    name: 'Newsletter',
    type: 'segment',
    enabled: false,
    segmentMemberCount: 9_120,
  },
]

let runs = 0

function registerRules() {
  for (const rule of RULES) registerRule(rule)
}

/** Runs the rules that are about orders that were paid. */
function runRules(orders) {
  runs += 1
  const big = orders.filter(({ amount }) => amount >= BIG_ORDER).length
  if (big > 0) run('rule_thanks', () => big)
  if (runs % RESTOCK_EVERY === 0) run('rule_restock', restock)
}

function restock() {
  if ((runs / RESTOCK_EVERY) % RESTOCK_FAILS_EVERY === 0) {
    throw new Error('the supplier has nothing left')
  }
  return 3
}

function run(id, affect) {
  const startedAt = performance.now()
  try {
    const affected = affect()
    trackRuleExecution(id, 'success', performance.now() - startedAt, affected)
  } catch (error) {
    trackRuleExecution(id, 'failed', performance.now() - startedAt, 0, error)
    log.warn({ rule: id, reason: error.message }, 'a rule failed')
  }
}

module.exports = { registerRules, runRules }
