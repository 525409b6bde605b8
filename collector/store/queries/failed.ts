/** Failed: status ERROR, or a SERVER span with an HTTP status from 500 on, in the attribute's present or former name. */
export const IS_FAILED = `(span.status = 2 or (span.kind = 2 and coalesce(
  span.attributes ->> 'http.response.status_code', span.attributes ->> 'http.status_code') ~ '^[5-9][0-9][0-9]$'))`
