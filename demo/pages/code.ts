import { readFileSync } from 'node:fs'
import { type Html, html } from './html.ts'

/** The lines that do all this, as they stand in the files that run. */
export function code(): Html {
  return html`<section class="code" aria-labelledby="code-heading">
    <h2 id="code-heading">The code that does this</h2>
    <div class="pair">${listing('app.ts')} ${listing('service.ts')}</div>
  </section>`
}

function listing(file: keyof typeof LINES): Html {
  return html`<figure>
    <figcaption><code>demo/${file}</code></figcaption>
    <pre tabindex="0" role="region" aria-label="demo/${file}">${LINES[file]}</pre>
  </figure>`
}

const LINES = { 'app.ts': excerpt('../app.ts'), 'service.ts': excerpt('../service.ts') }

/** What stands between the two marks in a file, moved to the left. */
function excerpt(file: string): string {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8')
  const lines =
    /\n *\/\/ #region.*\n([^]*?)\n *\/\/ #endregion/.exec(source)?.[1]?.split('\n') ?? []
  const indent = lines[0]?.search(/\S/) ?? 0
  return lines.map((line) => line.slice(indent)).join('\n')
}
