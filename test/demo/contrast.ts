import type { Page } from 'playwright-core'

/** WCAG 2.2 SC 1.4.3, for text of usual size. */
const LEAST = 4.5

interface Sample {
  readonly text: string
  readonly color: string
  readonly background: string
}

/** Every text on the page that stands out too little from what is behind it. */
export async function contrastsTooLow(page: Page): Promise<string[]> {
  const texts = await page.evaluate(visibleTexts)
  if (texts.length === 0) throw new Error('the page shows no text')
  return texts
    .map(({ text, color, background }) => ({ text, ratio: contrast(rgb(color), rgb(background)) }))
    .filter(({ ratio }) => ratio < LEAST)
    .map(({ text, ratio }) => `${text}: ${ratio.toFixed(2)}`)
}

/** Runs in the page. */
function visibleTexts(): Sample[] {
  function backgroundOf(element: Element): string {
    const { backgroundColor } = getComputedStyle(element)
    if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor
    return element.parentElement ? backgroundOf(element.parentElement) : 'rgb(255, 255, 255)'
  }
  const hasText = ({ childNodes }: Element): boolean =>
    [...childNodes].some((node) => node instanceof Text && node.data.trim() !== '')
  return [...document.querySelectorAll('body *')]
    .filter((element) => hasText(element) && element.checkVisibility())
    .map((element) => ({
      text: (element.textContent ?? '').trim().slice(0, 40),
      color: getComputedStyle(element).color,
      background: backgroundOf(element),
    }))
}

function rgb(color: string): number[] {
  const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(color)
  if (parts === null) throw new Error(`a colour that is not opaque: ${color}`)
  return parts.slice(1).map(Number)
}

/** WCAG 2.2, "contrast ratio" and "relative luminance". */
function contrast(one: number[], other: number[]): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(color: number[]): number {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
