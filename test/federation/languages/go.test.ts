import { holdLanguage } from './language.ts'
import { goPage } from './go.ts'

holdLanguage(goPage)
