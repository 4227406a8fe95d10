// Every page of an invitation, judged by the rules of WCAG, in light and in dark: `accessibility.mjs BASE_URL LANGUAGE`.
//
// The links come from an administrator's hands, since what the pages look like does not depend on how a link came.

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

/** Expects that a page breaks no rule, is in the right language, and can be read on a telephone. */
async function judge(page, name) {
  assert.equal(await page.locator("html").getAttribute("lang"), language, name);
  assert.equal(await page.locator("h1").count(), 1, name);
  await expectNoSidewaysScroll(page);
  // This runs in the page whatever its content security policy says, as a tool of developers does.
  await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const { violations, incomplete, passes } = await page.evaluate(() => globalThis.axe.run());
    // What could not be judged has not passed.
    const told = [...violations, ...incomplete].map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)]);
    assert.deepEqual(told, [], `${name}, ${language}, ${colorScheme}`);
    assert.ok(passes.some(({ id }) => id === "color-contrast"), `nothing was looked at: ${name}, ${colorScheme}`);
  }
}

await withBrowser(async (browser) => {
  const accepted = await invite("Nora New", "nora@example.test");
  const { page, faults } = await openPage(browser, accepted);
  await judge(page, "offer");
  await page.locator("#password").fill("short");
  // Past what the browser itself asks for, as an old one would do.
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
