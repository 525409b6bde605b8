/** A fenced block of a page. */
export interface Block {
  /** The heading it stands below. */
  readonly section: string
  /** The words after the fence, which readers do not see: the language, and what a test has to know. */
  readonly info: readonly string[]
  readonly text: string
}

/** The fenced blocks of a page in Markdown, in their order. */
export function blocksOf(page: string): Block[] {
  const parts = /^#+ (.*)$|^( *)```(.*)\n([^]*?)^\2```$/gm
  const blocks: Block[] = []
  let section = ''
  for (const [, heading, indent = '', info = '', text = ''] of page.matchAll(parts)) {
    if (heading === undefined) {
      const plain = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
      blocks.push({ section, info: info.split(' '), text: plain })
    } else {
      section = heading
    }
  }
  return blocks
}

/**
 * What a page says one sees, as a pattern of what is seen. `…` stands for any text of a line, and alone in its line for any
 * number of lines.
 */
export function patternOf(shown: string): string {
  return shown
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '…' ? '[^]*?' : `${patternOfLine(line)}\n`))
    .join('')
    .replace(/\n$/, '')
}

function patternOfLine(line: string): string {
  return line.split('…').map(escape).join('.*')
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
