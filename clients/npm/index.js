// A sandbox of `invited` for tests of API clients: start it, wait for it, change it between tests, stop it.

import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

// The tokens of the seed are the same in every sandbox, so a running one need not be asked.
const NAMES = [
  'owner', 'administrator', 'reports_viewer_with_cost', 'reports_viewer', 'project_lead', 'project_creator', 'collaborator',
  'punch_clock', 'other_administrator',
];

const SECONDS = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 };
const JSON_ONLY = { 'content-type': 'application/json' };

export class SandboxError extends Error {
  name = 'SandboxError';
}

export class Sandbox {
  #child;

  constructor(baseUrl, tokens, child) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.apiUrl = `${this.baseUrl}/api/v1`;
    this.tokens = tokens ?? Object.fromEntries(NAMES.map((name) => [name, `sandbox-${name}`]));
    this.#child = child;
  }

  // The process id, if this process started the server.
  get pid() { return this.#child?.pid; }

  // Calls the control plane, which refuses what is not declared as JSON. Uses node:http, since a test DOM may replace fetch.
  call(method, path, body, query = {}) {
    const wanted = Object.entries(query).filter(([, value]) => value !== undefined);
    const url = `${this.baseUrl}/sandbox/${path}?${new URLSearchParams(wanted)}`;
    return new Promise((resolve, reject) => {
      const fail = (said) => reject(new SandboxError(`${method} ${url}: ${said}`));
      const asked = request(url, { method, headers: JSON_ONLY, agent: false, timeout: 90_000 }, async (answer) => {
        try {
          const text = (await answer.setEncoding('utf8').toArray()).join('');
          if (answer.statusCode >= 300) return fail(`${answer.statusCode} ${text}`);
          resolve(text ? JSON.parse(text) : undefined);
        } catch (cause) {
          fail(cause.message);
        }
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer came'))).on('error', (cause) => fail(cause.message));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async reset() { await this.call('POST', 'reset'); }

  async snapshot(name) { await this.call('PUT', `snapshots/${name}`); }

  async restore(name) { await this.call('POST', `snapshots/${name}/restore`); }

  settings(changed) {
    return this.call(changed ? 'PUT' : 'GET', 'settings', changed);
  }

  async requests({ limit, ...wanted } = {}) {
    const found = [];
    for (;;) {
      const page = await this.call('GET', 'requests', undefined, { ...wanted, limit: limit && limit - found.length });
      found.push(...page.requests);
      // One answer holds a few megabytes and says where to go on.
      if (page.next_after === undefined || found.length === Number(limit)) return found;
      wanted.after = page.next_after;
    }
  }

  async account(name) {
    const { account_id: id, tokens, users, roles } = await this.call('POST', 'accounts', { name });
    return {
      sandbox: this, id, tokens, users, roles,
      // A mail address unique to this account.
      address: (name) => `${name}@account-${id}.example.com`,
      // Affects callers of this account only.
      fault: (fault) => this.faults.order({ account_id: id, ...fault }),
      requests: (wanted) => this.requests({ account_id: id, ...wanted }),
    };
  }

  clock = {
    now: async () => (await this.call('GET', 'clock')).now,
    set: async (now) => void (await this.call('PUT', 'clock', { now: now instanceof Date ? now.toISOString() : now })),
    freeze: async (frozen = true) => void (await this.call('PUT', 'clock', { frozen })),
    advance: async (duration) => {
      const parts = Object.entries(duration).map(([unit, count]) => SECONDS[unit] * count);
      await this.call('POST', 'clock/advance', { seconds: Math.trunc(parts.reduce((sum, part) => sum + part, 0)) });
    },
  };

  mailbox = {
    mails: async (to) => (await this.call('GET', 'mailbox', undefined, { to })).messages,
    // The nth mail to an address, once it has arrived.
    waitFor: async (to, { nth = 1, seconds = 10 } = {}) => {
      const end = performance.now() + seconds * 1_000;
      for (;;) {
        const wait = Math.min(Math.ceil(seconds), 60);
        const { messages } = await this.call('GET', 'mailbox', undefined, { to, wait });
        if (messages.length >= nth) return messages.at(-nth);
        if (performance.now() >= end) throw new SandboxError(`mail ${nth} to ${to} did not come within ${seconds} s`);
        await sleep(20);
      }
    },
  };

  faults = {
    order: async (fault) => (await this.call('POST', 'faults', fault)).id,
    clear: () => this.call('DELETE', 'faults'),
  };

  // Stops the sandbox, if it was started here; its memory and temporary folder are gone.
  async stop() {
    const child = this.#child;
    this.#child = undefined;
    if (child) await end(child);
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.stop();
  }
}

// Starts a sandbox on a free port and waits until it is ready.
export async function startSandbox({ binary, args = [], deadline = 30 } = {}) {
  const program = binary ?? (process.env.INVITED_BINARY || 'invited');
  const all = ['sandbox', '--json', '--until-stdin-closes', '--listen', '127.0.0.1:0', ...args];
  const env = { INVITED_LOG_LEVEL: 'warn', ...process.env };
  const child = spawn(program, all, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-10_000)));
  const waiting = new AbortController();
  const ready = new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(cause.code !== 'ENOENT' ? cause : `there is no program '${program}'. Build it with \`cargo install --path .\` in a `
        + 'checkout of invited, which puts it on the path, or name it in the variable INVITED_BINARY'));
    child.once('close', () => reject(`\`${program} ${all.join(' ')}\` did not start. It said:\n${said}`));
    createInterface(child.stdout).once('line', resolve);
    const late = () => reject(`\`${program} ${all.join(' ')}\` was not ready within ${deadline} s. It said:\n${said}`);
    sleep(deadline * 1_000, undefined, { signal: waiting.signal }).then(late, () => {});
  });
  try {
    const { base_url: baseUrl, tokens } = JSON.parse(await ready);
    // It must neither keep a finished process alive nor outlive it: its input closes when this one ends, even if killed.
    for (const handle of [child, child.stdin, child.stdout, child.stderr]) handle.unref();
    endWithProcess(child);
    return new Sandbox(baseUrl, tokens, child);
  } catch (cause) {
    await end(child);
    throw cause instanceof Error ? cause : new SandboxError(cause);
  } finally {
    waiting.abort();
  }
}

// A running sandbox: the one named, or the one that this run's global setup started.
export function connect(url = process.env.INVITED_URL) {
  if (!url) throw new SandboxError('no sandbox runs: name this package as globalSetup, or a URL in the variable INVITED_URL');
  return new Sandbox(url);
}

// The global setup of vitest and jest: one server for all workers, which find it with connect().
export default async function globalSetup() {
  if (process.env.INVITED_URL) return undefined;
  const sandbox = await startSandbox();
  process.env.INVITED_URL = sandbox.baseUrl;
  return () => {
    delete process.env.INVITED_URL;
    return sandbox.stop();
  };
}

function endWithProcess(child) {
  const onExit = () => child.kill();
  const onSignal = (signal) => {
    child.kill();
    // Without another listener, do what the process would have done without ours.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  process.once('exit', onExit).once('SIGTERM', onSignal).once('SIGINT', onSignal).once('SIGHUP', onSignal);
  child.once('close', () => {
    process.off('exit', onExit).off('SIGTERM', onSignal).off('SIGINT', onSignal).off('SIGHUP', onSignal);
  });
}

async function end(child) {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await closed;
  clearTimeout(timer);
}
