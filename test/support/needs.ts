/**
 * Options for `test` or `describe` that needs something of the machine. What is missing skips the
 * suite with a line that says how to get it; in CI (`CI` is set) nothing may be skipped: it throws.
 *
 * @param what the thing, as a reader knows it: `Chromium`, `PyJWT`
 * @param found whether it is there
 * @param howToGet a command or a sentence
 *
 * @example
 * describe('the page', needs('Chromium', existsSync(path), 'apt-get install chromium'), () => {})
 */
export function needs(what: string, found: boolean, howToGet: string): { skip?: string } {
  if (found) return {}
  const missing = `${what} is missing; to get it: ${howToGet}`
  if (process.env.CI) throw new Error(missing)
  return { skip: missing }
}
