import { type Call, totalOf } from './calls.ts'
import { type Step, STEPS, stepOf } from './steps.ts'

const WIDTH = 1200
const ROW = 17
const TOP = 62
/** Narrower ones are left out, in pixels. */
const NARROWEST = 0.8
const CHARACTER = 6.3
const SWATCHES_PER_LINE = 7

const HUES = [205, 150, 130, 165, 40, 185, 330, 270, 55, 15, 0, 0, 0]
const GREY: readonly Step[] = ['Express', 'garbage collector', 'Node']

interface Box {
  readonly x: number
  readonly depth: number
  readonly width: number
  readonly step: Step
  readonly name: string
  readonly total: number
}

/**
 * A picture of all calls: each as wide as what it took with all that it called, below who called it.
 *
 * @param total of `root` in `unit`
 */
export function flameGraph(title: string, root: Call, total: number, unit: string): string {
  const all = boxes(root)
  const height = TOP + ROW * (Math.max(...all.map(({ depth }) => depth)) + 1) + 8
  const scale = total / totalOf(root)
  const rectangles = all.map((box) => rectangle(box, `${(box.total * scale).toFixed(2)} ${unit}`))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="4" y="16" font-size="14">${escaped(title)}</text>
${STEPS.map(swatch).join('\n')}
${rectangles.join('\n')}
</svg>
`
}

function boxes(root: Call): Box[] {
  const scale = WIDTH / totalOf(root)
  const found: Box[] = []
  const place = (calls: readonly Call[], left: number, depth: number, caller: Step): void => {
    let x = left
    for (const call of merged(calls)) {
      const total = totalOf(call)
      const width = total * scale
      if (width < NARROWEST) continue
      const step = stepOf(call, caller)
      found.push({ x, depth, width, step, name: call.name || '(anonymous)', total })
      place(call.children, x, depth + 1, step)
      x += width
    }
  }
  place(root.children, 0, 0, 'Node')
  return found
}

/** Calls of one function from different lines are one, the widest first. */
function merged(calls: readonly Call[]): Call[] {
  const groups = Map.groupBy(calls, ({ name, url }) => `${name} ${url}`)
  const joined = [...groups.values()].map((group) => ({
    ...group[0]!,
    self: group.reduce((sum, { self }) => sum + self, 0),
    children: group.flatMap(({ children }) => children),
  }))
  return joined.toSorted((one, other) => totalOf(other) - totalOf(one))
}

function rectangle({ x, depth, width, step, name }: Box, taken: string): string {
  const y = TOP + depth * ROW
  const letters = Math.floor((width - 6) / CHARACTER)
  const label = letters < 3 ? '' : name.slice(0, letters)
  return `<g><title>${escaped(`${name}: ${taken} (${step})`)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(step)}"/>${label && `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`}</g>`
}

function swatch(step: Step, index: number): string {
  const x = 4 + (index % SWATCHES_PER_LINE) * 168
  const y = 23 + Math.floor(index / SWATCHES_PER_LINE) * 17
  return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colour(step)}"/><text x="${x + 16}" y="${y + 10}">${step}</text>`
}

function colour(step: Step): string {
  const lightness = 88 - 4 * GREY.indexOf(step)
  return GREY.includes(step)
    ? `hsl(0 0% ${lightness}%)`
    : `hsl(${HUES[STEPS.indexOf(step)]} 70% 75%)`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
