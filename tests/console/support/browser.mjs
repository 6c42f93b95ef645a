// Drives a real Chromium against a real server. A Visitor is one person's browser window: it remembers all that the browser complains about.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT, SLOW } from '../../api/support/server.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Where screenshots go: LATCHKEY_SCREENSHOTS, else nowhere. */
const SCREENSHOTS = process.env.LATCHKEY_SCREENSHOTS;

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 375, height: 740 };
export const SCHEMES = ['light', 'dark'];

/** Time that a page may take to do what it was told. */
export const PATIENCE = 15000 * SLOW;

function findChromium() {
  const named = process.env.CHROMIUM;
  if (named) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome-stable']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (found) return found;
  }
  throw new Error('there is no Chromium: run tools/deps console-test, or name one in CHROMIUM');
}

/** A browser that asks nobody for anything but what the tests open. Close it at the end. */
export function openBrowser() {
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
  if (process.getuid() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath: findChromium(), headless: true, args, timeout: 60000 * SLOW });
}

export class Visitor {
  /** A window of its own, with its own cookies. options: colorScheme, viewport, and others of Playwright's contexts. */
  static async open(browser, server, options = {}) {
    const visitor = new Visitor();
    visitor.server = server;
    visitor.complaints = [];
    visitor.expected = [];
    visitor.context = await browser.newContext({ baseURL: server.url, viewport: DESKTOP, colorScheme: 'light', locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
    visitor.context.setDefaultTimeout(PATIENCE);
    visitor.page = await visitor.newPage();
    return visitor;
  }

  /** One more tab. What it complains about counts too. */
  async newPage() {
    const page = await this.context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(`${message.text()} at ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.stack ?? error}`));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith('http') && host !== new URL(this.server.url).host && !this.foreign) this.complaints.push(`asked another host: ${request.url()}`);
    });
    return page;
  }

  /** Complaints that match are expected from now on. */
  expect(...patterns) {
    this.expected.push(...patterns);
  }

  /** Nothing was written to the browser's console: no error, no warning, no breach of the Content-Security-Policy. */
  assertQuiet() {
    assert.deepEqual(this.complaints.filter((complaint) => !this.expected.some((pattern) => pattern.test(complaint))), []);
  }

  /** Opens a session by the API, as the sign-in form does, with {apiKey} or {email, password}; the key that init made unless told otherwise. */
  async signIn(credentials = { apiKey: this.server.account.apiKey }) {
    const answer = await this.context.request.post('/console/session', { data: credentials, headers: { 'X-Latchkey-Console': '1' } });
    assert.equal(answer.status(), 200, await answer.text());
    return answer.json();
  }

  goto(target) {
    return this.page.goto(target, { waitUntil: 'networkidle', timeout: PATIENCE });
  }

  /** No violation of the accessibility rules on the page as it is, in both themes. except: selectors of what is not ours to mend. */
  async assertAccessible({ except = [], disable = [] } = {}) {
    for (const colorScheme of SCHEMES) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // As an expression of the debugger, which the page's Content-Security-Policy does not stop.
      await this.page.evaluate(AXE);
      const violations = await this.page.evaluate(
        async ([tags, excluded, disabled]) => {
          const rules = Object.fromEntries(disabled.map((name) => [name, { enabled: false }]));
          const found = await window.axe.run({ exclude: excluded }, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], rules });
          return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`);
        },
        [AXE_TAGS, except, disable],
      );
      assert.deepEqual(violations, [], `accessibility of ${this.page.url()} in ${colorScheme}`);
    }
  }

  /** Nothing on the page is wider than a phone. */
  async assertFits() {
    const before = this.page.viewportSize();
    await this.page.setViewportSize(PHONE);
    const width = await this.page.evaluate(() => document.documentElement.scrollWidth);
    await this.page.setViewportSize(before);
    assert.ok(width <= PHONE.width, `${this.page.url()} is ${width} px wide on a screen of ${PHONE.width} px`);
  }

  /** Pictures of the page, on a desk and on a phone, light and dark, when LATCHKEY_SCREENSHOTS names a directory. */
  async screenshot(name) {
    if (!SCREENSHOTS) return;
    fs.mkdirSync(path.resolve(ROOT, SCREENSHOTS), { recursive: true });
    for (const colorScheme of SCHEMES) {
      for (const viewport of [PHONE, DESKTOP]) {
        await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await this.page.setViewportSize(viewport);
        await this.page.screenshot({ path: path.resolve(ROOT, SCREENSHOTS, `${name}-${viewport.width}-${colorScheme}.png`) });
      }
    }
  }

  close() {
    return this.context.close();
  }
}
