/** One bar: as long as its value. */
export interface Bar {
  readonly name: string
  readonly value: number
  readonly kind: 'ours' | 'other' | 'bare'
}

/** Bars under one heading, drawn to the scale of the chart. */
export interface Section {
  readonly name: string
  readonly bars: readonly Bar[]
}

const WIDTH = 760
const LEFT = 230
const RIGHT = 70
const TOP = 64
const ROW = 19
const HEADING = 26

/** By the reader's preference, with a background of its own: pages do not say which one they have. */
const STYLE = `text { fill: #1f2328 } .note { fill: #59636e } .paper { fill: #fff }
.ours { fill: #1a7f37 } .other { fill: #8c959f } .bare { fill: #d0d7de }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .note { fill: #9198a1 } .paper { fill: #0d1117 }
.ours { fill: #3fb950 } .other { fill: #6e7681 } .bare { fill: #3d444d }
}`

/**
 * A picture as SVG text: all bars to one scale, ours in another colour.
 *
 * @param unit of the values
 */
export function barChart(
  title: string,
  note: string,
  unit: string,
  sections: readonly Section[],
  footnote = '',
): string {
  const values = sections.flatMap(({ bars }) => bars.map(({ value }) => value))
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...values)
  let y = TOP
  const drawn = sections.map(({ name, bars }) => {
    const heading = text(12, y + 16, name, 'font-weight="600"')
    y += HEADING
    const lines = bars.map((bar) => {
      y += ROW
      return drawnBar(bar, y - ROW, scale, unit)
    })
    return [heading, ...lines].join('\n')
  })
  const height = y + (footnote === '' ? 12 : 34)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">
<style>
${STYLE}
</style>
<rect class="paper" width="100%" height="100%"/>
${text(12, 24, title, 'font-size="15" font-weight="600"')}
${text(12, 44, note, 'class="note"')}
${drawn.join('\n')}
${text(12, y + 22, footnote, 'class="note" font-size="11"')}
</svg>
`
}

function drawnBar({ name, value, kind }: Bar, y: number, scale: number, unit: string): string {
  const width = Math.max(1, value * scale)
  const label = `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`
  return [
    text(LEFT - 8, y + 13, name, 'text-anchor="end"'),
    `<rect class="${kind}" x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 5}" rx="2"/>`,
    text(LEFT + width + 6, y + 13, label, 'class="note"'),
  ].join('\n')
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
