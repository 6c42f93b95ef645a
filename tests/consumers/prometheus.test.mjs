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

/** The documented configuration that begins so, written to a file. */
function documented(directory, name, beginning) {
  const blocks = [...fs.readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8').matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text);
  const found = blocks.filter((block) => block.startsWith(beginning));
  assert.equal(found.length, 1, beginning);
  fs.writeFileSync(path.join(directory, name), found[0]);
  return path.join(directory, name);
}

// For each alert what the server's metrics do, a value a minute: an incident after twenty minutes that are quiet. `while`: at which minutes it fires; labels: those of the alert.
const LABELS = 'job="latchkey",instance="i"';
const quiet = '0x20';
const ALERTS = {
  LatchkeyDown: { series: { [`up{${LABELS}}`]: '1x20 0x10 1x60' }, while: [23, 30], not: [20, 33] },
  LatchkeyCannotWrite: { series: { [`latchkey_store_failed_commits_total{${LABELS}}`]: `${quiet} 1 1x60` }, while: [22, 24], not: [20, 27] },
  LatchkeyRestarts: { series: { [`latchkey_start_time_seconds{${LABELS}}`]: '1000x20 2200 2260 2320 2320x60' }, while: [24, 34], not: [22, 40] },
  LatchkeyReloadFailed: { series: { [`latchkey_reloads_total{${LABELS},result="failed"}`]: `${quiet} 1x90` }, labels: { job: 'latchkey', instance: 'i', result: 'failed' }, while: [22, 70], not: [20, 85] },
  LatchkeyFull: { series: { [`latchkey_http_connections_refused_total{${LABELS}}`]: `${quiet} 5x60` }, while: [22, 24], not: [20, 27] },
  LatchkeyBusy: {
    series: {
      [`latchkey_http_requests_total{${LABELS},route="login",status="5xx"}`]: `${quiet} 10+10x10 110x60`,
      [`latchkey_http_requests_total{${LABELS},route="graphql",status="2xx"}`]: '0+500x90',
      [`latchkey_http_requests_total{${LABELS},route="other",status="5xx"}`]: '0+5x90', // HTTP/3.0 and the like, which anybody may ask for
    },
    labels: {}, while: [27, 34], not: [20, 24, 38],
  },
  LatchkeySlow: {
    series: {
      [`latchkey_verification_duration_seconds_bucket{${LABELS},interface="auth",le="0.001"}`]: '0+1000x20 20000+900x20 38900+1000x60',
      [`latchkey_verification_duration_seconds_bucket{${LABELS},interface="auth",le="0.01"}`]: '0+1000x90',
      [`latchkey_verification_duration_seconds_bucket{${LABELS},interface="auth",le="+Inf"}`]: '0+1000x90',
    },
    labels: {}, while: [36, 42], not: [20, 28, 50],
  },
  LatchkeyKeysGuessed: {
    series: {
      [`latchkey_verifications_total{${LABELS},code="NOT_FOUND"}`]: `${quiet} 400+400x10 4400x60`,
      [`latchkey_verifications_total{${LABELS},code="VALID"}`]: '0+60000x90',
      [`latchkey_graphql_requests_total{${LABELS},operation="none",result="unauthenticated"}`]: `${quiet} 400+400x10 4400x60`,
    },
    labels: {}, while: [31], not: [20, 24, 37],
  },
  LatchkeyUsageLost: { series: { [`latchkey_usage_lost_total{${LABELS}}`]: `${quiet} 1x90` }, while: [22, 70], not: [20, 85] },
};

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
    const directory = temporaryDirectory();
    const [scrape, rules] = [documented(directory, 'prometheus.yml', 'scrape_configs:'), documented(directory, 'rules.yml', 'groups:')];
    for (const done of [promtool(['check', 'config', scrape]), promtool(['check', 'rules', rules])]) assert.equal(done.status, 0, done.output);
  });

  it('finds that each alert begins with its incident and ends after it', () => {
    const directory = temporaryDirectory();
    const rules = documented(directory, 'rules.yml', 'groups:');
    const summaries = Object.fromEntries([...fs.readFileSync(rules, 'utf8').matchAll(/alert: (\w+)[^]*?summary: (.*)\n/g)].map(([, name, summary]) => [name, summary]));
    assert.deepEqual(Object.keys(ALERTS), Object.keys(summaries), 'all that are documented');
    const tests = Object.entries(ALERTS).map(([alertname, alert]) => ({
      interval: '1m',
      input_series: Object.entries(alert.series).map(([series, values]) => ({ series, values })),
      alert_rule_test: [...alert.while.map((minute) => [minute, true]), ...alert.not.map((minute) => [minute, false])].map(([minute, fires]) => ({
        eval_time: `${minute}m`,
        alertname,
        exp_alerts: fires ? [{ exp_labels: alert.labels ?? { job: 'latchkey', instance: 'i' }, exp_annotations: { summary: summaries[alertname] } }] : [],
      })),
    }));
    const file = path.join(directory, 'tests.yml');
    fs.writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '1m', tests })); // JSON is YAML
    const done = promtool(['test', 'rules', file]);
    assert.equal(done.status, 0, done.output);
  });

  it('the alerts ask for metrics that there are', async () => {
    const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
    const served = new Set([...text.matchAll(/^(latchkey_\w+)/gm)].map(([, name]) => name));
    const asked = [...fs.readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8').matchAll(/^ +expr:.*$/gm)].flatMap(([line]) => line.match(/latchkey_\w+/g) ?? []);
    assert.ok(asked.length >= 5);
    for (const name of asked) assert.ok(served.has(name), name);
  });
});
