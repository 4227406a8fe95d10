// The package against the real program.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import globalSetup, { connect, Sandbox, SandboxError, startSandbox } from '../index.js';

const here = fileURLToPath(new URL('../index.js', import.meta.url));

let sandbox;
before(async () => (sandbox = await startSandbox()));
after(() => sandbox.stop());

async function ask(token, path, body, method = body ? 'POST' : 'GET') {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${sandbox.apiUrl}/${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

function invite(token, address) {
  return ask(token, 'account_invitations', { account_invitation: { full_name: 'Nia New', email_address: address } });
}

function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return cause.code === 'ESRCH';
  }
}

async function ends(pid) {
  for (let tries = 0; tries < 200 && !isGone(pid); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return isGone(pid);
}

test('the built-in tokens are those of the program', () => {
  assert.deepEqual(new Sandbox(sandbox.baseUrl).tokens, sandbox.tokens);
});

test('a stopped sandbox is gone and can be stopped again', async () => {
  const other = await startSandbox();
  const { pid } = other;
  await other.stop();
  await other.stop();
  assert.ok(isGone(pid));
  await assert.rejects(other.clock.now(), /GET http:\/\/127\.0\.0\.1.*ECONNREFUSED/);
});

test('a missing program is reported with where to get it', async () => {
  const wrong = startSandbox({ binary: '/nowhere/invited' });
  await assert.rejects(wrong, (cause) => cause instanceof SandboxError && /no program.*cargo install.*INVITED_BINARY/.test(cause));
});

test('a failed start reports the output', async () => {
  await assert.rejects(startSandbox({ args: ['--no-such-setting'] }), /did not start[^]*no-such-setting/);
});

test('a program that is never ready is stopped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'invited-npm-'));
  const program = join(folder, 'invited');
  await writeFile(program, `#!/bin/sh\necho $$ > ${folder}/id\necho patience >&2\nexec sleep 60\n`);
  await chmod(program, 0o755);
  await assert.rejects(startSandbox({ binary: program, deadline: 1 }), /not ready within 1 s[^]*patience/);
  assert.ok(isGone(Number(await readFile(join(folder, 'id'), 'utf8'))));
  await rm(folder, { recursive: true });
});

test('a sandbox neither holds back nor outlives the process that started it', async () => {
  const script = `import { startSandbox } from ${JSON.stringify(here)}; console.log((await startSandbox()).pid)`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 60_000 });
  assert.ok(await ends(Number(stdout)));
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL']) {
  test(`a process ended by ${signal} stops its sandboxes`, async () => {
    const script = `import { startSandbox } from ${JSON.stringify(here)};
      const two = [await startSandbox(), await startSandbox()];
      setInterval(() => {}, 1000);
      console.log(two.map(({ pid }) => pid).join());`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = await once(child.stdout, 'data');
    child.kill(signal);
    const [, endedBy] = await once(child, 'exit');
    assert.equal(endedBy, signal);
    for (const pid of said.toString().split(',')) assert.ok(await ends(Number(pid)));
  });
}

test('the global setup starts one server for connect(), or uses the one that is named', async () => {
  assert.throws(() => connect(), /no sandbox runs.*globalSetup/);
  const teardown = await globalSetup();
  const shared = connect();
  assert.notEqual(shared.baseUrl, sandbox.baseUrl);
  assert.equal(await globalSetup(), undefined);
  await teardown();
  assert.equal(process.env.INVITED_URL, undefined);
  await assert.rejects(shared.clock.now(), SandboxError);
});

test('reset restores the seed and restore a snapshot', async () => {
  const token = sandbox.tokens.administrator;
  await sandbox.reset();
  assert.equal((await invite(token, 'nia@example.com')).status, 200);
  await sandbox.snapshot('with-nia');
  const mails = await sandbox.mailbox.mails('nia@example.com');
  assert.equal(mails.length, 1);
  await sandbox.reset();
  assert.equal((await ask(token, 'account_invitations/6')).status, 404);
  await sandbox.restore('with-nia');
  assert.equal((await ask(token, 'account_invitations/6')).status, 200);
  assert.deepEqual(await sandbox.mailbox.mails(), mails);
});

test('settings are changed until the next reset', async () => {
  const before = await sandbox.settings();
  assert.deepEqual(await sandbox.settings({ rate_create: 2 }), { ...before, rate_create: 2 });
  assert.notEqual(before.rate_create, 2);
  await sandbox.reset();
  assert.deepEqual(await sandbox.settings(), before);
});

test('the clock is set, stopped and moved', async () => {
  await sandbox.clock.freeze();
  await sandbox.clock.set(new Date('2031-02-01T00:00:00Z'));
  await sandbox.clock.advance({ days: 1, hours: 2 });
  assert.equal(await sandbox.clock.now(), '2031-02-02T02:00:00Z');
  await assert.rejects(sandbox.clock.set('tomorrow'), /400.*write it like/);
  await sandbox.reset();
});

test('mails are waited for', async () => {
  const account = await sandbox.account();
  const [token, to] = [account.tokens.administrator, account.address('nia')];
  await assert.rejects(sandbox.mailbox.waitFor(to, { seconds: 0.1 }), /mail 1 to nia@account-.* did not come/);
  assert.equal((await invite(token, to)).status, 200);
  const first = await sandbox.mailbox.waitFor(to);
  await assert.rejects(sandbox.mailbox.waitFor(to, { nth: 2, seconds: 0.1 }), /mail 2/);
  assert.equal((await ask(token, `account_invitations/${first.invitation_id}/resend`, {}, 'PUT')).status, 200);
  const second = await sandbox.mailbox.waitFor(to, { nth: 2 });
  assert.deepEqual(await sandbox.mailbox.mails(to), [second, first]);
});

test('a fault affects only its account, and faults can be removed', async () => {
  const [account, other] = [await sandbox.account(), await sandbox.account()];
  await account.fault({ status: 503, path: '/api/v1/users/me', times: 1 });
  const said = [];
  for (const { tokens } of [other, account, account]) said.push((await ask(tokens.administrator, 'users/me')).status);
  assert.deepEqual(said, [200, 503, 200]);
  assert.deepEqual((await account.requests({ path: '/api/v1/users/me' })).map(({ status }) => status), [503, 200]);
  await sandbox.faults.order({ status: 500 });
  assert.equal((await ask(other.tokens.administrator, 'users/me')).status, 500);
  await sandbox.faults.clear();
  assert.equal((await ask(other.tokens.administrator, 'users/me')).status, 200);
});

test('requests are returned however large they are together', async () => {
  const account = await sandbox.account();
  const person = { account_invitation: { headline: 'x'.repeat(70_000) } };
  for (let sent = 0; sent < 150; sent += 1) await ask(account.tokens.administrator, 'account_invitations', person);
  const page = await sandbox.call('GET', 'requests', undefined, { account_id: account.id });
  assert.ok(page.requests.length < 140 && page.next_after, 'one answer does not hold them all');
  const ids = (await account.requests()).map(({ id }) => Number(id));
  assert.equal(new Set(ids).size, 150);
  assert.deepEqual((await account.requests({ limit: 140 })).map(({ id }) => Number(id)), ids.slice(0, 140));
  assert.equal((await account.requests({ limit: 3, after: ids[9] })).length, 3);
});

test('the package is small and has no dependencies', async () => {
  const text = await readFile(here, 'utf8');
  assert.ok(text.trimEnd().split('\n').length < 200);
  assert.ok([...text.matchAll(/from '([^']+)'/g)].every(([, name]) => name.startsWith('node:')));
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(manifest.dependencies, undefined);
});
