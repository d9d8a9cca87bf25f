import { holdLanguage } from './language.ts'
import { nodePage } from './node.ts'

holdLanguage(nodePage)
