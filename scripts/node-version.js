// Plain JavaScript, so that a Node that cannot run the other scripts can say so.
if (!process.features.typescript) {
  console.error(
    `The scripts are TypeScript, which needs Node 22.18 or later and not ${process.version}: ` +
      'run "npm ci", which brings one, and then "npm test" and the like.',
  )
  process.exit(1)
}
