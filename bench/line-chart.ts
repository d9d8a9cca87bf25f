/** One line of a chart: a value for each step to the right. */
export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Axes {
  readonly title: string
  readonly x: string
  readonly y: string
  /** Whether each step is so many times the one before. */
  readonly logarithmic?: boolean
}

const WIDTH = 720
const HEIGHT = 320
const LEFT = 64
const RIGHT = 190
const TOP = 36
const BOTTOM = 44
const COLOURS = '#1f6feb #0a3069 #54aeff #d1570a #953800 #fb8f44 #1a7f37 #044f1e #4ac26b'.split(' ')
const TICKS = 5

/** A picture as SVG text. The y axis begins at nothing, but for logarithmic ones. */
export function lineChart(
  { title, x, y, logarithmic = false }: Axes,
  lines: readonly Line[],
): string {
  const points = lines.flatMap((line) => line.points)
  const xScale = scale(
    points.map(([value]) => value),
    logarithmic,
    LEFT,
    WIDTH - RIGHT,
  )
  const yScale = scale(
    [...points.map(([, value]) => value), ...(logarithmic ? [] : [0])],
    logarithmic,
    HEIGHT - BOTTOM,
    TOP,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14">${escaped(title)}</text>
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(x)}</text>
<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>
${xScale.ticks.map((value) => label(xScale.at(value), HEIGHT - BOTTOM + 16, 'middle', value)).join('\n')}
${yScale.ticks.map((value) => grid(yScale.at(value), value)).join('\n')}
${lines.map((line, index) => drawn(line, index, xScale, yScale)).join('\n')}
</svg>
`
}

interface Scale {
  readonly ticks: readonly number[]
  readonly at: (value: number) => number
}

function scale(values: readonly number[], logarithmic: boolean, from: number, to: number): Scale {
  const ticks = logarithmic ? powers(values) : steps(values)
  const place = (value: number): number => (logarithmic ? Math.log10(value) : value)
  const [low, high] = [place(ticks[0]!), place(ticks.at(-1)!)]
  return { ticks, at: (value) => from + ((place(value) - low) / (high - low)) * (to - from) }
}

function powers(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
}

/** Round numbers: 1, 2 or 5 times a power of ten apart. */
function steps(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const rough = (high - low || 1) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10)
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(high / step))
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
}

function drawn({ name, points }: Line, index: number, x: Scale, y: Scale): string {
  const colour = COLOURS[index % COLOURS.length]!
  const path = points.map((point) => `${round(x.at(point[0]))},${round(y.at(point[1]))}`).join(' ')
  const at = TOP + 12 + index * 18
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>
<rect x="${WIDTH - RIGHT + 14}" y="${at - 9}" width="10" height="10" fill="${colour}"/><text x="${WIDTH - RIGHT + 30}" y="${at}">${escaped(name)}</text>`
}

function grid(at: number, value: number): string {
  return `<path d="M${LEFT} ${round(at)}H${WIDTH - RIGHT}" stroke="#d8dee4"/>${label(LEFT - 6, at + 4, 'end', value)}`
}

function label(x: number, y: number, anchor: string, value: number): string {
  const text = value.toLocaleString('en', { maximumSignificantDigits: 6 })
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${text}</text>`
}

function round(value: number): string {
  return value.toFixed(1)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
