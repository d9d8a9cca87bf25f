import type { Jwk } from '../token/jwk.ts'
import { refused } from './refused.ts'
import { type DocumentRules, RemoteDocument, type Transport } from './remote-document.ts'
import { type VerifyingKey, importJwk } from './verifying-key.ts'

/** Where a verifier finds the key that a token names. */
export interface Keys {
  /** `'kid'`: there is no such key; `'unavailable'`: the keys could not be fetched. */
  find(kid: string): Promise<VerifyingKey | 'kid' | 'unavailable'>
}

/** Keys that were configured. @param keys rejects if one of them is unusable */
export function givenKeys(keys: Promise<readonly VerifyingKey[]>): Keys {
  const byKid = keys.then((all) => {
    const map = new Map(all.map((key) => [key.kid, key]))
    if (map.size === all.length) return map
    throw refused('invalid_key', 'two keys have the same kid')
  })
  // Whoever verifies first hears of it, and it is no unhandled rejection before that.
  byKid.catch(() => undefined)
  return { find: async (kid) => (await byKid).get(kid) ?? 'kid' }
}

/** What is said of a key of the set that is not used; the others are. */
export type KeyIgnored = (error: unknown) => void

export type FetchingRules = Omit<DocumentRules<unknown>, 'read'>

const MAX_KEYS = 64

/** The keys that an app publishes (RFC 7517 §5). */
export function remoteKeys(
  address: string,
  transport: Transport,
  rules: FetchingRules,
  ignored: KeyIgnored,
): Keys {
  const read = (text: string): Promise<KeyMap> => readKeySet(text, ignored)
  const document = new RemoteDocument(address, transport, { ...rules, read })
  return {
    async find(kid) {
      const keys = await document.get()
      if (keys === undefined) return 'unavailable'
      // It may have been published since: a kid that is not known lets us ask again at once.
      return keys.get(kid) ?? (await document.get(0))?.get(kid) ?? 'kid'
    },
  }
}

type KeyMap = ReadonlyMap<string, VerifyingKey>

/** @throws Error if it holds no key that can be used: the last set that did stays in use */
async function readKeySet(text: string, ignored: KeyIgnored): Promise<KeyMap> {
  const { keys: jwks } = JSON.parse(text) as { keys: readonly Jwk[] }
  const settled = await Promise.allSettled(jwks.slice(0, MAX_KEYS).map(importJwk))
  for (const each of settled) if (each.status === 'rejected') ignored(each.reason)
  const keys = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  // Which of two keys of one name is meant cannot be known, so neither is used (RJK-13).
  const unique = [...Map.groupBy(keys, ({ kid }) => kid)].filter(([, { length }]) => length === 1)
  if (unique.length === 0) throw new Error('The set holds no key that can be used')
  return new Map(unique.map(([kid, [key]]) => [kid, key as VerifyingKey]))
}
