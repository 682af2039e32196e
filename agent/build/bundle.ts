import * as esbuild from 'esbuild'

/** All of the agent as one CommonJS file, which is the only kind that Node runs out of an executable. */
export async function bundleAgent(source: string, output: string): Promise<void> {
  await esbuild.build({
    entryPoints: [source],
    outfile: output,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['source'],
    // Comes as a file of its own, for the system the executable is for.
    external: ['koffi'],
    // The text stays in the memory of the agent; names stay readable in what it logs.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // Else the WebSocket package, which comes along with the RPC one, asks for packages that are not there, with a warning.
    define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
    // Only code that runs outside of an executable asks for it.
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [withoutLanguages],
    logLevel: 'warning',
  })
}

/** zod brings its messages in forty languages; ours are English, which it has by itself. */
const withoutLanguages: esbuild.Plugin = {
  name: 'without-languages',
  setup(build) {
    build.onLoad({ filter: /[/\\]zod[/\\].*[/\\]locales[/\\]index\.(js|cjs)$/ }, () => ({
      contents: `export { default as en } from './en.js'`,
      loader: 'js',
    }))
  },
}
