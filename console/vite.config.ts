import { defineConfig, loadEnv } from 'vite';

// `npm run dev` sends what is not of the console to a server that runs beside it.
const server = loadEnv('', '.', 'LATCHKEY_')['LATCHKEY_URL'] ?? 'http://127.0.0.1:5390';

export default defineConfig({
  base: '/console/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  resolve: { alias: { 'react-style-singleton': decodeURIComponent(new URL('src/explorer/style-singleton.ts', import.meta.url).pathname) } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the Content-Security-Policy takes nothing inline
    chunkSizeWarningLimit: 1000, // GraphiQL, on its own page
    modulePreload: { polyfill: false },
    rollupOptions: { input: ['index.html', 'explorer.html'] },
  },
  server: { proxy: { '/graphql': server, '/console/session': server } },
});
