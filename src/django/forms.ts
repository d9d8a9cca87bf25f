import { deflateSync } from 'node:zlib'
import { readPickle } from './pickle-read.ts'
import { writePickle } from './pickle-write.ts'
import { type Dict, dictText, readJson, splitMembers } from './python-json.ts'
import type { Form } from './rows.ts'
import { inflate, MOST_BYTES, readData, signData } from './session-data.ts'

/** What the engines `db`, `cached_db` and `file` store. */
export function signedForm(secrets: readonly [string, ...string[]], now: () => number): Form {
  return {
    write: (members) => signData(dictText(members), secrets[0], now()),
    read(text) {
      const json = readData(text, secrets)
      return json === undefined ? undefined : readJson(json)
    },
  }
}

/** How a cache of Django's keeps a dict; nothing is signed there. */
export interface Serializer {
  write(dict: string): Buffer
  read(bytes: Buffer): Dict | undefined
}

/** `django.core.signing.JSONSerializer`, and that of django-redis. */
export const jsonSerializer: Serializer = {
  write: (dict) => Buffer.from(dict, 'latin1'),
  read: (bytes) => readJson(bytes.toString('latin1')),
}

export const pickleSerializer: Serializer = {
  write: writePickle,
  read(bytes) {
    const dict = readPickle(bytes)
    return dict === undefined ? undefined : splitMembers(dict)
  },
}

/** The first byte of a zlib text, and of neither JSON nor a pickle. */
const ZLIB = 0x78
/** Shorter values stay as they are: the rule of django-redis. */
const LEAST_DEFLATED = 15

/**
 * What a cache stores, in hex, since clients differ in how they hand out what is no text.
 *
 * @param deflates whether django-redis has its `ZlibCompressor`
 */
export function cacheForm(serializer: Serializer, deflates: boolean): Form {
  return {
    write(members) {
      const bytes = serializer.write(dictText(members))
      const deflated = deflates && bytes.length > LEAST_DEFLATED
      return (deflated ? deflateSync(bytes) : bytes).toString('hex')
    },
    read(text) {
      const stored = Buffer.from(text, 'hex')
      const bytes = stored[0] === ZLIB ? inflate(stored) : stored
      return bytes && bytes.length <= MOST_BYTES ? serializer.read(bytes) : undefined
    },
  }
}
