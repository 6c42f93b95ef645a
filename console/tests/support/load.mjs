// Loads modules of the console as they are, in TypeScript, for tests that need no browser.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** What src/PATH exports. */
export async function load(...paths) {
  execFileSync(process.execPath, [path.join(root, 'scripts/generate.mjs')]);
  const vite = await createServer({
    root, configFile: false, logLevel: 'error', appType: 'custom', optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  });
  after(() => vite.close());
  const modules = [];
  for (const one of paths) modules.push(await vite.ssrLoadModule(`/src/${one}`));
  return Object.assign({}, ...modules);
}
