/** Tokens of the seed, by level or other name. */
export type Tokens = Record<string, string>;

/** A fault; every key is optional, but it must have an effect. */
export interface Fault {
  method?: string;
  /** A request path, in which `*` matches any text. */
  path?: string;
  account_id?: string;
  times?: number;
  probability?: number;
  status?: number;
  retry_after?: number;
  latency_ms?: number;
  latency_sigma?: number;
  drop?: 'before_commit' | 'after_commit';
  truncate?: boolean;
  mail?: 'refuse' | 'postpone';
  to?: string;
}

/** A mail that would have been sent. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  message_id: string;
  invitation_id: string | null;
  link: string | null;
  /** The token in the link, which accepts an invitation or confirms an address. A notice has neither link nor token. */
  token: string | null;
  sent_at: string;
}

/** A request and its answer; `status` is null if the connection ended without one. */
export interface Exchange {
  id: string;
  at: string;
  method: string;
  path: string;
  request_headers: { name: string; value: string }[];
  request_body: string;
  request_body_size: number;
  status: number | null;
  response_headers: { name: string; value: string }[];
  response_body: string;
  response_body_size: number;
  microseconds: number;
  operation: string;
  account_id: string | null;
  user_id: string | null;
  fault_id: string | null;
  ignored: string | null;
}

/** Which requests to return; all by default. */
export interface Wanted {
  after?: string | number;
  method?: string;
  path?: string;
  status?: number;
  account_id?: string;
  limit?: number;
}

/** One test's own account, with a token and a user for each level. Many accounts share one server undisturbed. */
export interface Account {
  sandbox: Sandbox;
  id: string;
  tokens: Tokens;
  users: Record<string, string>;
  roles: Record<string, string>;
  /** A mail address that no other account uses. */
  address(name: string): string;
  /** Orders a fault for callers of this account only, and returns its id. */
  fault(fault: Fault): Promise<string>;
  /** The requests by callers of this account, with their answers. */
  requests(wanted?: Wanted): Promise<Exchange[]>;
}

/** The sandbox did not start, or refused a request to its control plane. */
export class SandboxError extends Error {}

/** A running sandbox. */
export class Sandbox {
  constructor(baseUrl: string);
  /** The server's own URL. */
  readonly baseUrl: string;
  /** The base URL for a client of the API. */
  readonly apiUrl: string;
  readonly tokens: Tokens;
  /** The process id, if this process started the server. */
  readonly pid: number | undefined;
  /** Calls the control plane directly, for what has no method here. */
  call(method: string, path: string, body?: unknown, query?: Record<string, unknown>): Promise<any>;
  /** Resets to the seed: rows, ids, mails, clock, faults and requests. Snapshots are kept. */
  reset(): Promise<void>;
  /** Saves the current state under a name. */
  snapshot(name: string): Promise<void>;
  /** Restores a snapshot. */
  restore(name: string): Promise<void>;
  /** Changes settings until the next reset, for example `{ rate_create: 2 }`, and returns the current ones. */
  settings(changed?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Requests and answers, oldest first. */
  requests(wanted?: Wanted): Promise<Exchange[]>;
  /** Creates a new account. */
  account(name?: string): Promise<Account>;
  /** The clock, shared by all accounts. */
  readonly clock: {
    now(): Promise<string>;
    set(now: string | Date): Promise<void>;
    freeze(frozen?: boolean): Promise<void>;
    /** All consequences of the new time have happened when this returns. */
    advance(duration: { days?: number; hours?: number; minutes?: number; seconds?: number }): Promise<void>;
  };
  readonly mailbox: {
    /** Newest first. */
    mails(to?: string): Promise<Mail[]>;
    /** The nth mail to an address, once it has arrived. */
    waitFor(to: string, options?: { nth?: number; seconds?: number }): Promise<Mail>;
  };
  readonly faults: {
    /** Orders a fault, for example `{ method: 'POST', drop: 'after_commit', times: 1 }`, and returns its id. */
    order(fault: Fault): Promise<string>;
    clear(): Promise<void>;
  };
  /** Stops the sandbox, if it was started here. */
  stop(): Promise<void>;
}

/** Starts a sandbox on a free port, with further arguments of `invited sandbox`, and waits until it is ready. */
export function startSandbox(options?: { binary?: string; args?: string[]; deadline?: number }): Promise<Sandbox>;

/** A running sandbox: the one at a URL, or the one that this run's global setup started. */
export function connect(url?: string): Sandbox;

/** The global setup of vitest and jest: one server for all workers, which find it with `connect()`. */
export default function globalSetup(): Promise<(() => Promise<void>) | undefined>;
