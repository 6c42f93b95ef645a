// Writes every file of dist that shrinks also in brotli and gzip, as far as they go: the server hands them out as they are.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const WORTH = 0.9;

for (const name of fs.readdirSync(dist, { recursive: true }).map(String)) {
  const file = path.join(dist, name);
  if (!fs.statSync(file).isFile()) continue;
  const plain = fs.readFileSync(file);
  const coded = {
    '.br': zlib.brotliCompressSync(plain, { params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
    '.gz': zlib.gzipSync(plain, { level: 9 }),
  };
  for (const [ending, bytes] of Object.entries(coded)) if (bytes.length < plain.length * WORTH) fs.writeFileSync(file + ending, bytes);
}
