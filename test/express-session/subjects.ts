import { createRequire } from 'node:module'

process.env['NO_DEPRECATION'] = 'express-session'

/** One suite, two subjects: what express-session does is what ours is held to. */
export interface Subject {
  readonly name: string
  // The subjects have no type in common; the suite speaks to both as JavaScript does.
  readonly session: any
  readonly ours: boolean
}

const require = createRequire(import.meta.url)

export const THEIRS: Subject = {
  name: 'express-session',
  session: require('express-session'),
  ours: false,
}

export const OURS: Subject = {
  name: 'symbolon/express-session',
  session: require('../../src/express-session/index.ts'),
  ours: true,
}

export const SUBJECTS: readonly Subject[] = [THEIRS, OURS]

export const EXPRESS_VERSIONS: readonly { readonly name: string; readonly express: any }[] = [
  { name: 'Express 4', express: require('express4') },
  { name: 'Express 5', express: require('express') },
]

export const SECRET = 'kX3vT9q-Lm27wzRb0YdN_5hAsJ8eUcPg'
export const OTHER_SECRET = 'Zt6QnC1x_Vf94oHsMEbWy7KpLuR20jDa'
