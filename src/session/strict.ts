/** Strict unless told in so many words: a misspelt or missing NODE_ENV is production (design §3). */
export function isStrict(): boolean {
  return !['development', 'test'].includes(process.env['NODE_ENV'] ?? '')
}
