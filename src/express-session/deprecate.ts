const told = new Set<string>()

/**
 * Tells once of what express-session calls deprecated, in its words; `NO_DEPRECATION=express-session`
 * silences it there and here.
 */
export function deprecate(what: string): void {
  if (told.has(what) || isSilenced()) return
  told.add(what)
  process.emitWarning(`express-session deprecated ${what}`, 'DeprecationWarning')
}

function isSilenced(): boolean {
  const silenced = (process.env['NO_DEPRECATION'] ?? '').split(/[ ,]+/)
  return silenced.includes('express-session') || silenced.includes('*')
}
