import type { Sampler } from '@opentelemetry/sdk-trace'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import { complain } from './complaint'
import { isSet } from './variables'

/** The sampler `OTEL_TRACES_SAMPLER` names; `parentbased_always_on` when it is unset or unknown. */
export function readSampler(env: NodeJS.ProcessEnv): Sampler {
  const name = env['OTEL_TRACES_SAMPLER']?.trim()
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler()
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(readRatio(env))
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(readRatio(env)) })
    default:
      if (isSet(name) && name !== 'parentbased_always_on') {
        complain(`OTEL_TRACES_SAMPLER=${name} is unknown, parentbased_always_on is used`)
      }
      return new ParentBasedSampler({ root: new AlwaysOnSampler() })
  }
}

function readRatio(env: NodeJS.ProcessEnv): number {
  const text = env['OTEL_TRACES_SAMPLER_ARG']
  if (!isSet(text)) return 1
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return ratio
  complain(`OTEL_TRACES_SAMPLER_ARG=${text} is ignored: a ratio is between 0 and 1`)
  return 1
}
