import { benchCompiled } from './compiled'
import type { Figure } from './report'

/** Wire bytes to COPY rows alone, ours against protobufjs. */
export function benchTranslate(): Promise<Figure[]> {
  return benchCompiled('translate-rounds.js')
}
