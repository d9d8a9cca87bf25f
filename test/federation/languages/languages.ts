import type { Language } from './language.ts'
import { goPage } from './go.ts'
import { nodePage } from './node.ts'
import { pythonPage } from './python.ts'

/** In the order of the matrix. */
export const languages: readonly Language[] = [nodePage, pythonPage, goPage]
