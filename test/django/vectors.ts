import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Made by the real Django, django-session-jwt, django-redis and PyJWT; see `about` in the file. */
export const vectors: any = JSON.parse(
  readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8'),
)

export const SECRET_KEY: string = vectors.settings.SECRET_KEY
export const SECRETS: readonly string[] = [SECRET_KEY, ...vectors.settings.SECRET_KEY_FALLBACKS]

/** A text of JSON as far as JavaScript can hold it. */
export function parsePython(json: string): unknown {
  const plain = json.replace(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g, (token) => {
    return token.startsWith('"') ? token : 'null'
  })
  return JSON.parse(plain)
}
