/** So much is kept of a message, and of a stack. */
export const LONGEST_MESSAGE_BYTES = 8 * 1_024
export const LONGEST_STACK_BYTES = 64 * 1_024
