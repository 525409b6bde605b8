import { ATTRIBUTES } from './checks/attributes'
import { ANSWERS } from './checks/answers'
import { ITEM_CHECKS } from './checks/items'
import { GRPC_CHECKS } from './checks/grpc'
import { HTTP } from './checks/http'
import { JSON_CHECKS } from './checks/json'
import { POINTS } from './checks/points'
import { TRANSPORT } from './checks/transport'
import type { Check } from './target'

/** How many items the checklist has. */
export const ITEMS = 58

/** One check an item of the checklist, in its order. */
export const CHECKS: readonly Check[] = [
  ...TRANSPORT,
  ...HTTP,
  ...ANSWERS,
  ...JSON_CHECKS,
  ...GRPC_CHECKS,
  ...ITEM_CHECKS,
  ...ATTRIBUTES,
  ...POINTS,
].sort((a, b) => a.item - b.item)
