import t from 'tap'
import { Cursor } from '../../collector/otlp/cursor'
import { RowBuffer } from '../../collector/translate/buffer'
import {
  countRepairs,
  decodeText,
  writeJsonString,
  writeText,
} from '../../collector/translate/text'
import { createRandom } from '../helpers/random'

function toJson(bytes: Buffer): { text: string; repaired: number } {
  const rows = new RowBuffer(1)
  const repaired = writeJsonString(rows, new Cursor(bytes), 0, bytes.length)
  return { text: rows.written().toString('latin1'), repaired }
}

function toText(bytes: Buffer): { text: string; repaired: number } {
  const rows = new RowBuffer(1)
  const repaired = writeText(rows, new Cursor(bytes), 0, bytes.length)
  return { text: rows.written().toString('latin1'), repaired }
}

/** The standard's decoder, and the replacement of NUL. */
function repaired(bytes: Buffer): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replaceAll('\0', '\ufffd')
}

/** UTF-8 as one character a byte, so that what is compared are bytes. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

t.test('every ASCII character at every place of a word is escaped as JSON wants it', (t) => {
  const wrong: string[] = []
  for (let code = 1; code < 0x80; code++) {
    for (let before = 0; before < 8; before++) {
      const text = `${'a'.repeat(before)}${String.fromCharCode(code)}${'b'.repeat(8 - before)}`
      const written = toJson(Buffer.from(text))
      if (written.text !== JSON.stringify(text) || written.repaired !== 0)
        wrong.push(`${code}, ${text}`)
      if (toText(Buffer.from(text)).text !== text) wrong.push(`${code} as text`)
    }
  }
  t.strictSame(wrong, [])
  t.end()
})

t.test('NUL and a broken byte at every place of a word are replaced in text', (t) => {
  for (const broken of ['\0', '\x80', '\xff']) {
    for (let before = 0; before < 9; before++) {
      const bytes = Buffer.from(`${'\x01'.repeat(before)}${broken}${'b'.repeat(9)}`, 'latin1')
      t.strictSame(toText(bytes), { text: latin1(repaired(bytes)), repaired: 1 })
    }
  }
  t.end()
})

t.test('text of every length and script comes through whole', (t) => {
  for (const piece of ['x', '"', 'é', '€', '😀', 'ab\n', 'mixed é€😀 "quoted" ']) {
    for (const times of [0, 1, 2, 3, 5, 63, 1_023, 1_024, 1_025, 5_000]) {
      const text = piece.repeat(times)
      t.equal(toJson(Buffer.from(text)).text, latin1(JSON.stringify(text)))
      t.equal(toText(Buffer.from(text)).text, latin1(text))
    }
  }
  t.end()
})

t.test('broken UTF-8 is replaced exactly as the Encoding standard does', (t) => {
  const cases = ['80', 'c0af', 'c2', 'e0a0', 'e08080', 'eda080', 'f0908080', 'f08080', 'f4908080']
  cases.push('f5', 'ff', 'e282', 'e28241', 'f09f98', 'f09f9841', 'c3c3a9', '00', '610062')
  for (const hex of cases) {
    const bytes = Buffer.from(`41${hex}42`, 'hex')
    const text = repaired(bytes)
    const count = text.includes('\ufffd') ? 1 : 0
    t.strictSame(toJson(bytes), { text: latin1(JSON.stringify(text)), repaired: count }, hex)
    t.strictSame(toText(bytes), { text: latin1(text), repaired: count }, hex)
    t.equal(decodeText(bytes, 0, bytes.length), text)
    t.equal(countRepairs(bytes, 0, bytes.length), count)
  }
  t.end()
})

t.test('20,000 strings of random bytes are repaired as the Encoding standard does', (t) => {
  const wrong: string[] = []
  const random = createRandom(1)
  const leads = Buffer.from('00225c7f80bfc2dfe0e1edeff0f1f4f5ff41', 'hex')
  for (let round = 0; round < 20_000; round++) {
    const length = random.below(12)
    const bytes = Buffer.from(
      Array.from({ length }, () =>
        random.chance(0.5) ? random.pick([...leads]) : 0x80 + random.below(64),
      ),
    )
    const text = repaired(bytes)
    if (toJson(bytes).text !== latin1(JSON.stringify(text))) wrong.push(bytes.toString('hex'))
    if (toText(bytes).text !== latin1(text)) wrong.push(`${bytes.toString('hex')} as text`)
    if (decodeText(bytes, 0, length) !== text) wrong.push(`${bytes.toString('hex')} decoded`)
  }
  t.strictSame(wrong, [])
  t.end()
})

t.test('U+FFFD that was sent is not counted as a repair', (t) => {
  t.equal(toJson(Buffer.from('\ufffd')).repaired, 0)
  t.equal(toText(Buffer.from('\ufffd')).repaired, 0)
  t.equal(countRepairs(Buffer.from('\ufffd'), 0, 3), 0)
  t.end()
})
