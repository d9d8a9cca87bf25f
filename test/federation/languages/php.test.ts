import { holdLanguage } from './language.ts'
import { phpPage } from './php.ts'

holdLanguage(phpPage)
