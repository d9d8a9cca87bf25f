// Adds a key to the ring file named on the command line, again and again, until it is killed.
import { generateKey } from '../../src/cli/keygen.ts'
import { changeRing, readRing } from '../../src/cli/ring-file.ts'

const [file = ''] = process.argv.slice(2)
const MOST_KEYS = 50

process.send?.(Date.parse(readRing(file).at(-1)?.publishedFrom ?? ''))
for (;;) {
  const publishedFrom = new Date().toISOString()
  changeRing(file, ([first, ...more]) => {
    if (first === undefined) throw new Error('the ring is empty')
    return [first, ...more.slice(-MOST_KEYS), { key: generateKey(), publishedFrom }]
  })
}
