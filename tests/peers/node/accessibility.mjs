// Checks every page of an invitation against WCAG, in light and dark: `accessibility.mjs BASE_URL LANGUAGE`.
//
// Administrators request the links, since the source of a link does not change its pages.

import assert from "node:assert/strict";
import axe from "axe-core";
import { expectNoSidewaysScroll, openPage, withBrowser } from "./browser.mjs";
import { api, baseUrl } from "./sandbox.mjs";

const language = process.argv[3];
const administrator = { authorization: "Bearer sandbox-administrator", "content-type": "application/json" };
const LONG = "Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung".repeat(3);

async function post(address, body) {
  const answer = await fetch(address, { method: "POST", headers: administrator, body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** The link of a new invitation. */
async function invite(full_name, email_address) {
  const attributes = { full_name, email_address, default_role_id: "101" };
  const made = await post(new URL("account_invitations", api), { account_invitation: attributes });
  const [{ id }] = made.results;
  return (await post(new URL(`/invitations/${id}/link`, baseUrl), {})).link;
}

/** Expects that a page violates no rule, has the right language, and fits a phone. */
async function judge(page, name) {
  assert.equal(await page.locator("html").getAttribute("lang"), language, name);
  assert.equal(await page.locator("h1").count(), 1, name);
  await expectNoSidewaysScroll(page);
  // Like a developer tool, this runs in spite of the page's content security policy.
  await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const { violations, incomplete, passes } = await page.evaluate(() => globalThis.axe.run());
    // What could not be checked has not passed.
    const problems = [...violations, ...incomplete].map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)]);
    assert.deepEqual(problems, [], `${name}, ${language}, ${colorScheme}`);
    assert.ok(passes.some(({ id }) => id === "color-contrast"), `nothing was looked at: ${name}, ${colorScheme}`);
  }
}

await withBrowser(async (browser) => {
  const accepted = await invite("Nora New", "nora@example.test");
  const { page, faults } = await openPage(browser, accepted);
  await judge(page, "offer");
  await page.locator("#password").fill("short");
  // Without the browser's own validation, like an old browser.
  await page.evaluate(() => document.querySelectorAll("form").forEach((form) => form.setAttribute("novalidate", "")));
  await page.locator("button[value=accept]").click();
  await page.locator("#fault").waitFor();
  await judge(page, "fault");
  await page.locator("#password").fill("correct horse battery");
  await page.locator("button[value=accept]").click();
  await page.locator("form").first().waitFor({ state: "detached" });
  await judge(page, "welcome");
  await page.goto(accepted);
  await judge(page, "dead");
  assert.deepEqual(faults, []);

  const declined = await invite(LONG, "long@example.test");
  const other = await openPage(browser, declined);
  await judge(other.page, "offer to a long name");
  await other.page.locator("#confirm-decline").check();
  await other.page.locator("button[value=decline]").click();
  await other.page.locator("form").first().waitFor({ state: "detached" });
  await judge(other.page, "declined");
  assert.deepEqual(other.faults, []);
});
