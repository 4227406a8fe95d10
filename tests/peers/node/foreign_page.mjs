// A page of another origin tries everything that a browser lets it send to a sandbox:
// `foreign_page.mjs BASE_URL LINK`, where LINK is that of a pending invitation.
//
// The caller compares the sandbox before and after. This script only expects that the page reads nothing, and that a
// name made to resolve to the sandbox (DNS rebinding) is not answered.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { withBrowser } from "./browser.mjs";
import { baseUrl } from "./sandbox.mjs";

const link = new URL(process.argv[3]);
// Both names lead to this machine, as an attacker's name server would have it.
const NAMES = "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebind.example 127.0.0.1";
const BODIES = ["{}", '{"now":"2040-01-01T00:00:00Z"}', '{"seconds":86400}', '{"status":503}', '{"rate_create":1}'];
const RECORD = '{"account_invitation":{"full_name":"Eve","email_address":"eve@evil.example"}}';
const FORM = "account_invitation[full_name]=Eve&account_invitation[email_address]=eve@evil.example";

/** Methods and paths of an API description, with an id in place of each parameter. */
async function described(address) {
  const answer = await fetch(new URL(address, baseUrl));
  assert.equal(answer.status, 200);
  const { paths } = await answer.json();
  return Object.entries(paths).flatMap(([path, item]) =>
    ["get", "put", "post", "patch", "delete"]
      .filter((method) => item[method])
      .map((method) => [method.toUpperCase(), path.replace("{name}", "one").replace(/\{\w+\}/g, "1")]),
  );
}

const control = await described("/sandbox/openapi.json");
const operations = (await described("/api/v1/openapi.json")).map(([method, path]) => [
  method,
  path.startsWith("/api/v1") ? path : `/api/v1${path}`,
]);
assert.ok(control.length > 20 && operations.length > 15, `${control.length} and ${operations.length} paths`);
const pages = [
  link.pathname, "/invitations/accept", "/invitations/decline", "/invitations/1/link", "/oauth/authorize",
  "/oauth/sign-in", "/oauth/token", "/oauth/revoke",
].map((path) => ["POST", path]);

/** Runs in the page; returns how many requests were tried, and what could be read. */
async function attack({ base, targets, bodies, token }) {
  const read = [];
  let tried = 0;
  const attempt = async (path, options) => {
    tried += 1;
    try {
      const answer = await fetch(base + path, options);
      if (answer.type !== "opaque") read.push(`${options.method} ${path}: ${answer.status}`);
    } catch {
      // The browser did not send it, or does not show the answer.
    }
  };
  const simple = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"];
  const authorization = "Bearer sandbox-owner";
  for (const [method, path] of targets) {
    const attempts = bodies.flatMap((body) => [
      ...simple.flatMap((type) => [
        { method: "POST", mode: "no-cors", body, headers: { "content-type": type } },
        { method: "POST", mode: "cors", body, headers: { "content-type": type }, credentials: "include" },
      ]),
      {
        method, mode: "cors", body: method === "GET" ? undefined : body,
        headers: { "content-type": "application/json", authorization },
      },
    ]);
    attempts.push({ method: "POST", mode: "no-cors" }, { method: "GET", mode: "no-cors" }, { method, mode: "cors" });
    await Promise.all(attempts.map((options) => attempt(path, options)));
    await attempt(`${path}?access_token=${token}`, { method: "POST", mode: "no-cors", body: bodies.at(-1) });
    navigator.sendBeacon(base + path, bodies.at(-1));
  }
  return { tried, read };
}

/** Runs in the page: sends a form, as after a click. */
function submit({ action, enctype, form }) {
  const sent = Object.assign(document.createElement("form"), { method: "post", enctype, action });
  for (const [name, value] of new URLSearchParams(form)) {
    sent.append(Object.assign(document.createElement("input"), { name, value }));
  }
  document.body.append(sent);
  sent.submit();
}

const server = createServer((_, answer) => {
  answer.setHeader("content-type", "text/html");
  answer.end("<!doctype html><title>Kittens</title><body>");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const evil = `http://evil.example:${server.address().port}/`;

await withBrowser(async (browser) => {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(evil);
  const base = baseUrl.origin;
  const everything = [...control, ...operations, ...pages];
  for (const [targets, bodies] of [[control, BODIES], [[...operations, ...pages], ["{}", RECORD]]]) {
    const { tried, read } = await page.evaluate(attack, { base, targets, bodies, token: "sandbox-owner" });
    console.log(`${tried} requests tried`);
    assert.deepEqual(read, []);
  }
  const form = `${FORM}&grant_type=client_credentials&client_id=sandbox-app&client_secret=sandbox-secret`;
  const enctypes = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
  const forms = everything.filter(([method]) => method === "POST");
  // The second page has no origin of its own, and says "null".
  for (const [shift, start] of [evil, "data:text/html,<body>"].entries()) {
    for (const [index, [, path]] of forms.entries()) {
      await page.goto(start);
      const answer = page.waitForNavigation({ url: base + path });
      await page.evaluate(submit, { action: base + path, enctype: enctypes[(index + shift) % 3], form });
      assert.equal((await answer).status(), 403, `a form to ${path}`);
    }
  }

  const { port } = baseUrl;
  for (const path of ["/sandbox/requests", "/sandbox/mailbox", "/api/v1/users/me", "/docs", link.pathname]) {
    const answer = await page.goto(`http://rebind.example:${port}${path}`);
    assert.equal(answer.status(), 421, path);
  }
  // From there on the page is of the same origin as the sandbox, as far as the browser can tell.
  const statuses = await page.evaluate(async (targets) => {
    const asked = ([method, path]) => {
      const headers = { "content-type": "application/json", authorization: "Bearer sandbox-owner" };
      return fetch(path, { method, headers, body: method === "GET" ? undefined : "{}" }).then(({ status }) => status);
    };
    return Promise.all(targets.map(asked));
  }, everything);
  assert.deepEqual([...new Set(statuses)], [421]);
}, [NAMES]);
server.close();
