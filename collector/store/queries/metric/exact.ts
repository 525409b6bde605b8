/** A number that keeps every digit of an int64: an integer beyond 2^53 is a bigint, anything else a number. */
export type Exact = number | bigint

/** The sum, exact as long as both are integers; with a fraction among them it is rounded as doubles are. */
export function add(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum) || !Number.isSafeInteger(a) || !Number.isSafeInteger(b))
      return sum
  }
  return isWhole(a) && isWhole(b) ? narrow(BigInt(a) + BigInt(b)) : Number(a) + Number(b)
}

/** The difference, exact as long as both are integers. */
export function subtract(a: Exact, b: Exact): Exact {
  return add(a, -b)
}

/** The smaller one; NaN only when there is nothing else. */
export function least(a: Exact, b: Exact): Exact {
  return b < a || isNaN(a) ? b : a
}

/** The larger one; NaN only when there is nothing else. */
export function greatest(a: Exact, b: Exact): Exact {
  return b > a || isNaN(a) ? b : a
}

/** A bigint that a number can hold becomes one. */
export function narrow(value: bigint): Exact {
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) ? rounded : value
}

function isWhole(value: Exact): boolean {
  return typeof value === 'bigint' || Number.isInteger(value)
}

function isNaN(value: Exact): boolean {
  return value !== value
}
