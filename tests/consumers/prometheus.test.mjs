// What Prometheus itself thinks of the metrics and of the alerts that docs/operations.md shows.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { httpRequest, ROOT, Server, temporaryDirectory } from '../api/support/server.mjs';

function promtool(args, input) {
  const done = spawnSync('promtool', args, { encoding: 'utf8', input, timeout: 60000 });
  assert.equal(done.error, undefined, `promtool cannot run: ${done.error}`);
  return { status: done.status, output: `${done.stdout}${done.stderr}` };
}

describe('promtool', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  it('finds nothing wrong with the metrics', async () => {
    await server.request({ path: '/v1/auth', headers: { 'x-api-key': server.account.apiKey } });
    const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
    assert.deepEqual(promtool(['check', 'metrics'], text), { status: 0, output: '' });
    assert.notEqual(promtool(['check', 'metrics'], text.replaceAll('latchkey_keys ', 'latchkey_keys_total ')).status, 0, 'it does look');
  });

  it('takes the documented scrape configuration and alerts', () => {
    const blocks = [...fs.readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8').matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text);
    const directory = temporaryDirectory();
    const [scrape, rules] = [['prometheus.yml', 'scrape_configs:'], ['rules.yml', 'groups:']].map(([name, beginning]) => {
      const found = blocks.filter((block) => block.startsWith(beginning));
      assert.equal(found.length, 1, beginning);
      fs.writeFileSync(path.join(directory, name), found[0]);
      return path.join(directory, name);
    });
    for (const done of [promtool(['check', 'config', scrape]), promtool(['check', 'rules', rules])]) assert.equal(done.status, 0, done.output);
  });

  it('the alerts ask for metrics that there are', async () => {
    const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
    const served = new Set([...text.matchAll(/^(latchkey_\w+)/gm)].map(([, name]) => name));
    const asked = [...fs.readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8').matchAll(/^ +expr:.*$/gm)].flatMap(([line]) => line.match(/latchkey_\w+/g) ?? []);
    assert.ok(asked.length >= 5);
    for (const name of asked) assert.ok(served.has(name), name);
  });
});
