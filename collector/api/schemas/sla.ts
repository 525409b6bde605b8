import { Type } from 'typebox'
import { windowFields } from './figure'
import { closed, count, orNull } from './field'

/** How an objective was met. */
export const Sla = closed(
  {
    service: orNull<string>('string', 'null: all of them'),
    requestCount: count('Requests received: SERVER and CONSUMER spans and INTERNAL roots'),
    adjustedRequestCount: Type.Number({ description: 'How many they stand for by their sampling' }),
    errorCount: count('Of those received, those that failed'),
    availability: orNull<number>('number', 'Percent that did not fail; null without requests'),
    errorRate: orNull<number>('number', 'Percent that failed'),
    latencyP50: orNull<number>('number', 'Milliseconds; percentiles are within 2.2 % of exact'),
    latencyP95: orNull<number>('number', 'Milliseconds'),
    latencyP99: orNull<number>('number', 'Milliseconds'),
    target: Type.Number({ description: 'The availability that is promised, percent' }),
    isCompliant: orNull<boolean>(
      'boolean',
      'Whether what is promised is kept, of latency too; null without requests',
    ),
    latencyThresholdMs: orNull<number>('number', 'null: nothing is promised about latency'),
    latencyTarget: orNull<number>('number', 'Percent of requests that are to end within it'),
    latencyWithin: orNull<number>('number', 'Percent that did'),
    isLatencyCompliant: orNull<boolean>('boolean', 'null where nothing is promised or known'),
    budgetTotal: orNull<number>('number', 'Requests that may fail, of those there were'),
    budgetUsed: orNull<number>('number', 'Requests that failed, sampled ones weighed'),
    budgetRemaining: orNull<number>('number', 'Below 0 when more failed than may'),
    budgetUsedPercent: orNull<number>('number', 'Of the budget'),
    budgetRemainingPercent: orNull<number>('number', 'Of the budget'),
    burnRate: orNull<number>('number', '1 uses all of the budget in the window, and no more'),
    burnRate1h: orNull<number>('number', 'Of the last hour before its end'),
    burnRate6h: orNull<number>('number', 'Of the last six hours'),
    exhaustedInSeconds: orNull<number>(
      'number',
      'When the budget is used up at the rate of the last hour; null when it lasts',
    ),
    ...windowFields,
    isComplete: Type.Boolean({ description: 'There are no gaps' }),
  },
  { description: 'What was promised, and how it was kept' },
)
