import { holdLanguage } from './language.ts'
import { pythonPage } from './python.ts'

holdLanguage(pythonPage)
