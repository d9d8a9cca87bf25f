import { holdLanguage } from './language.ts'
import { rubyPage } from './ruby.ts'

holdLanguage(rubyPage)
