import { type Html, html } from './html.ts'

/** How the halves lie: fitting, apart, or one of them gone. */
export type CoinState = 'joined' | 'apart' | 'broken'

/** The line along which the coin broke, from top to bottom. */
const BREAK = '104,0 96,22 108,44 92,72 106,96 90,122 108,146 94,174 102,200'

/** A symbolon: a coin broken in two, whose halves fit only each other. */
export function coin(state: CoinState): Html {
  return html`<svg
    class="coin ${state}"
    viewBox="${state === 'joined' ? '0 0 200 200' : '-11 -3 222 207'}"
    role="img"
    aria-label="${LABELS[state]}"
  >
    <defs>
      <clipPath id="left-of-break"><polygon points="-20,0 ${BREAK} -20,200" /></clipPath>
      <clipPath id="right-of-break"><polygon points="220,0 ${BREAK} 220,200" /></clipPath>
      <g id="face">
        <circle cx="100" cy="100" r="98" />
        <circle class="engraved beads" cx="100" cy="100" r="84" />
        <circle class="engraved" cx="100" cy="100" r="70" />
        <polyline
          class="engraved letter"
          points="134,76 134,62 68,62 106,100 68,138 134,138 134,124"
        />
      </g>
    </defs>
    <g class="cookie-side"><use href="#face" clip-path="url(#left-of-break)" /></g>
    <g class="record-side"><use href="#face" clip-path="url(#right-of-break)" /></g>
  </svg>`
}

const LABELS: Record<CoinState, string> = {
  joined: 'A coin broken in two; its halves lie together and fit.',
  apart: 'A coin broken in two; its halves lie apart.',
  broken: 'Half a coin; of the other half only the outline is left.',
}

/** The same break between the two halves of the page, downwards or, on narrow screens, across. */
export function breakLine(): Html {
  return html`<svg
      class="break down"
      viewBox="0 0 48 1000"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polygon class="cookie-side" points="-9,0 ${DOWN} -9,1000" />
      <polygon class="record-side" points="57,0 ${DOWN} 57,1000" />
      <polyline points="${DOWN}" />
    </svg>
    <svg class="break across" viewBox="0 0 1000 48" preserveAspectRatio="none" aria-hidden="true">
      <polygon class="cookie-side" points="0,-9 ${ACROSS} 1000,-9" />
      <polygon class="record-side" points="0,57 ${ACROSS} 1000,57" />
      <polyline points="${ACROSS}" />
    </svg>`
}

const DOWN =
  '26,-5 11,62 33,130 20,186 38,262 9,330 29,398 14,466 41,548 17,612 31,690 7,752 36,834 13,902 27,948 19,1005'
const ACROSS = DOWN.replace(/([-\d]+),([-\d]+)/g, '$2,$1')

/** A bar of parts of a whole; the words beside it say the same. */
export function bar(whole: number, parts: readonly { name: string; size: number }[]): Html {
  let start = 0
  return html`<svg
    class="bar"
    viewBox="0 0 ${whole} 1"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${parts.map(({ name, size }) => {
      const x = start
      start += size
      return html`<rect class="${name}" x="${x}" width="${size}" height="1" />`
    })}
  </svg>`
}
