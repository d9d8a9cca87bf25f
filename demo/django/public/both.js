// What is done in one half shows in the other, which is loaded again. Everything works without it.
const frames = [...document.querySelectorAll('iframe')]
/** The halves that are being loaded because the other one changed. */
const following = new Set()

addEventListener('load', () => {
  for (const frame of frames) frame.addEventListener('load', () => changed(frame))
})

function changed(frame) {
  if (following.delete(frame)) return
  const other = frames.find((each) => each !== frame)
  following.add(other)
  other.setAttribute('src', other.src)
}
