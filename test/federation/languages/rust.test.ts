import { holdLanguage } from './language.ts'
import { rustPage } from './rust.ts'

holdLanguage(rustPage)
