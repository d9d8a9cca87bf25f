import { createRequire } from 'node:module'
import type { ConnectStore } from '../../src/stores/connect.ts'

/** For packages that bring no types. */
export const require: NodeJS.Require = createRequire(import.meta.url)

/** A store of express-session's simplest form: it calls back at once, and cannot touch. */
export function synchronousStore(): ConnectStore & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>()
  return {
    texts,
    get(id, callback) {
      const text = texts.get(id)
      callback(null, text === undefined ? null : JSON.parse(text))
    },
    set(id, session, callback) {
      texts.set(id, JSON.stringify(session))
      callback()
    },
    destroy(id, callback) {
      texts.delete(id)
      callback()
    },
  }
}
