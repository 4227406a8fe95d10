// Answers an invitation on a phone with the keyboard only: `acceptance.mjs LINK accept|decline [without-script]`.

import assert from "node:assert/strict";
import { expectNoSidewaysScroll, openPage, tabTo, withBrowser } from "./browser.mjs";

const [link, decision, script] = process.argv.slice(2);
const javaScriptEnabled = script !== "without-script";

await withBrowser(async (browser) => {
  const { page, faults, status } = await openPage(browser, link, { javaScriptEnabled });
  assert.equal(status, 200);
  assert.equal(await page.title(), "Invitation");
  await expectNoSidewaysScroll(page);

  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  if (decision === "accept") {
    await tabTo(page, "#password");
    await page.keyboard.type("correct horse battery");
    await page.keyboard.press("Enter");
  } else {
    await tabTo(page, "#confirm-decline");
    await page.keyboard.press("Space");
    await tabTo(page, "button[value=decline]");
    await page.keyboard.press("Enter");
  }
  assert.equal((await answered).status(), 200);
  const heading = decision === "accept" ? "Welcome to Sandbox" : "You have declined";
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  await expectNoSidewaysScroll(page);

  const again = await page.goto(link);
  assert.equal(again.status(), 404, "the link is dead");
  await page.getByRole("heading", { level: 1, name: "This link does not work", exact: true }).waitFor();
  await expectNoSidewaysScroll(page);
  assert.equal(await page.locator("form[method=post]").count(), 0);
  assert.equal(await page.locator("form[action='/oauth/sign-in']").count(), 1, "a link that was used leads to the sign-in");
  assert.deepEqual(faults, []);
});
