/** How much of what arrives is kept as it was sent; what is more is dropped, cut or gathered, and counted. */
export interface TranslationLimits {
  /** Attributes of a span, an event, a link, a log record, a data point, a resource or a scope, repeated keys included. */
  readonly maxAttributes: number
  /** Bytes of a string or bytes value, however deep in an attribute. */
  readonly maxAttributeBytes: number
  /** Different operations, resources, scopes and metric series of a service and UTC day. */
  readonly maxOperations: number
  readonly maxResources: number
  readonly maxScopes: number
  readonly maxSeries: number
  /** Different hashes of errors of a service and UTC day, and of all services together. */
  readonly maxErrors: number
  readonly maxErrorsOverall: number
  /** Different subjects of events of a service and UTC day. */
  readonly maxCatalogueEntries: number
}

/** What holds where nothing is said. */
export const UNLIMITED: TranslationLimits = {
  maxAttributes: Infinity,
  maxAttributeBytes: Infinity,
  maxOperations: Infinity,
  maxResources: Infinity,
  maxScopes: Infinity,
  maxSeries: Infinity,
  maxErrors: Infinity,
  maxErrorsOverall: Infinity,
  maxCatalogueEntries: Infinity,
}

/** How often a content was changed so that it could be kept. */
export interface Changes {
  /** Strings in which NUL or broken UTF-8 became U+FFFD. */
  readonly repairedStrings: number
  /** Attributes past the most an item may have. */
  readonly droppedAttributes: number
  /** Values cut to the longest that is kept. */
  readonly cutValues: number
}

export const UNCHANGED: Changes = { repairedStrings: 0, droppedAttributes: 0, cutValues: 0 }

/** What was changed in two contents together. */
export function addChanges(a: Changes, b: Changes): Changes {
  if (a === UNCHANGED) return b
  if (b === UNCHANGED) return a
  return {
    repairedStrings: a.repairedStrings + b.repairedStrings,
    droppedAttributes: a.droppedAttributes + b.droppedAttributes,
    cutValues: a.cutValues + b.cutValues,
  }
}

/** An item's dropped_attributes_count, as sent and ours together, in the 32 bits it has. */
export function addDropped(sent: number, ours: number): number {
  return Math.min((sent >>> 0) + ours, 0xffff_ffff) | 0
}
