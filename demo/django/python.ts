import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where the project's tests have their newest Django. */
const TESTED = join(import.meta.dirname, '../../.cache/django-newest/bin/python')

/** What a Python without Django needs. */
export const HOW_TO_GET_DJANGO = 'pip install django django-session-jwt'

/** The Python that PYTHON names, or else that of the tests, or else `python3`: if it has Django. */
export function pythonWithDjango(): string | undefined {
  const { PYTHON } = process.env
  const python = PYTHON ?? (existsSync(TESTED) ? TESTED : 'python3')
  return spawnSync(python, ['-c', 'import django, jwt']).status === 0 ? python : undefined
}
