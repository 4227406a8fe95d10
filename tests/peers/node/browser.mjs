// The browser that opens pages, and checks for every page.

import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

// Chromium's program on Debian, Fedora and Alpine, on older systems, and from Google.
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

// Only the tested server gets requests, and a build server needs neither a graphics card nor a user.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Calls `story` with a browser, started with further arguments, and always closes it. */
export async function withBrowser(story, further = []) {
  const browser = await chromium.launch({ executablePath: executable(), args: [...ARGUMENTS, ...further] });
  try {
    await story(browser);
  } finally {
    await browser.close();
  }
}

function executable() {
  for (const folder of process.env.PATH.split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not installed; try the next one.
      }
    }
  }
  throw new Error(`none of ${NAMES.join(", ")} is on the path: \`cargo xtask test\` says how to install one`);
}

/**
 * A page with its own cookies. `faults` collects the browser's complaints: a forbidden style, a missing resource, a
 * request to another server.
 */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults = [];
  const { origin } = new URL(address);
  page.on("console", (message) => {
    // Some tests want an error status.
    if (!message.text().startsWith("Failed to load resource: the server responded with a status of")) {
      faults.push(message.text());
    }
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) {
      faults.push(`${request.url()} is asked for`);
    }
  });
  const answer = await page.goto(address);
  return { page, faults, status: answer.status() };
}

/** Expects that a page never scrolls sideways, even on the smallest phone. */
export async function expectNoSidewaysScroll(page) {
  const before = page.viewportSize();
  for (const width of [before.width, 320]) {
    await page.setViewportSize({ ...before, width });
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(widths[0] <= widths[1], `at ${width} pixels the page is ${widths[0]} wide in a window of ${widths[1]}`);
  }
  await page.setViewportSize(before);
}

/** Presses Tab until an element has the focus, like a keyboard user. */
export async function tabTo(page, selector) {
  const wanted = page.locator(`${selector}:focus`);
  for (let presses = 0; presses < 10; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await wanted.count()) === 1) {
      return;
    }
  }
  assert.fail(`ten times Tab do not lead to ${selector}`);
}
