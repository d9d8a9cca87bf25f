import type { Language } from './language.ts'
import { goPage } from './go.ts'
import { javaPage } from './java.ts'
import { nodePage } from './node.ts'
import { phpPage } from './php.ts'
import { pythonPage } from './python.ts'
import { rubyPage } from './ruby.ts'
import { rustPage } from './rust.ts'

/** In the order of the matrix. */
export const languages: readonly Language[] = [
  nodePage,
  pythonPage,
  goPage,
  javaPage,
  rustPage,
  rubyPage,
  phpPage,
]
