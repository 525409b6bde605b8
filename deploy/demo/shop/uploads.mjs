import sidelight from './sidelight.cjs'

const { trackUpload } = sidelight

const MOST_BYTES = 65_536
const TYPES = ['image/png', 'image/jpeg']
const STATUS = { unsupported_type: 415, too_large: 413 }

/** Takes the picture of a review, unless there is a reason not to. */
export function takeUpload(request, response) {
  const startedAt = performance.now()
  const type = request.get('content-type')
  const sizeBytes = request.body.length
  const reason = refusalOf(type, sizeBytes)
  const success = reason === undefined
  const durationMs = performance.now() - startedAt
  trackUpload({ type, sizeBytes, durationMs, source: 'web', success, reason })
  if (success) response.status(201).json({ sizeBytes })
  else response.status(STATUS[reason]).json({ error: reason })
}

function refusalOf(type, sizeBytes) {
  if (!TYPES.includes(type)) return 'unsupported_type'
  return sizeBytes > MOST_BYTES ? 'too_large' : undefined
}
