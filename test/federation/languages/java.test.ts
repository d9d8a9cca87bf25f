import { holdLanguage } from './language.ts'
import { javaPage } from './java.ts'

holdLanguage(javaPage)
