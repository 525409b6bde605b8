/** The text of a document without the values in it: strings and numbers become `?`, comments nothing. Capped. */
export function withoutLiterals(body: string): string {
  return body
    .slice(0, LONGEST)
    .replace(LITERALS, (literal) => (literal.startsWith('#') ? '' : '?'))
    .trim()
}

const LONGEST = 4_096

/** A string that is cut off goes to the end of the text. */
const LITERALS =
  /"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\[^]|[^"\\\n])*(?:"|\\?$|(?=\n))|#[^\n]*|-?(?<![\w$])\d[\d.]*(?:[eE][+-]?\d+)?/g
