import { declare } from './key'
import { names } from './value'

/** How errors are grouped, and whom they affect. */
export const ERROR_KEYS = {
  errorFingerprintAttributes: declare<readonly string[]>({
    env: 'SIDELIGHT_ERROR_FINGERPRINT_ATTRIBUTES',
    path: 'errors.fingerprint_attributes',
    type: names('attribute names, separated by commas'),
    fallback: ['error.fingerprint', 'exception.group_id'],
    description:
      'The attributes of spans, exception events and log records that say what an error is grouped by, the first one present counts; `{{ default }}` in the value stands for what it would be grouped by without',
  }),
  errorUserAttributes: declare<readonly string[]>({
    env: 'SIDELIGHT_ERROR_USER_ATTRIBUTES',
    path: 'errors.user_attributes',
    type: names('attribute names, separated by commas'),
    fallback: ['user.id', 'enduser.id', 'session.id'],
    description:
      'The attributes that name the user an error affects, the first one present counts; looked for on the span or log record',
  }),
} as const
