/** The level of a member, or another name of a token of the seed. */
export type Tokens = Record<string, string>;

/** What is to go wrong; every key may be left out, but it has to do something. */
export interface Fault {
  method?: string;
  /** The path of requests, in which `*` stands for any text. */
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

/** What would have been mailed. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  message_id: string;
  invitation_id: string | null;
  link: string;
  /** What accepts the invitation. */
  token: string;
  sent_at: string;
}

/** A request with its answer; `status` is null where the connection ended without one. */
export interface Exchange {
  id: string;
  at: string;
  method: string;
  path: string;
  request_headers: { name: string; value: string }[];
  request_body: string;
  status: number | null;
  response_headers: { name: string; value: string }[];
  response_body: string;
  microseconds: number;
  operation: string;
  account_id: string | null;
  user_id: string | null;
  fault_id: string | null;
  ignored: string | null;
}

/** Which requests are wanted; all without. */
export interface Wanted {
  after?: string | number;
  method?: string;
  path?: string;
  status?: number;
  account_id?: string;
}

/** An account of one test alone, with a token and a user for each level. Many share one server undisturbed. */
export interface Account {
  sandbox: Sandbox;
  id: string;
  tokens: Tokens;
  users: Record<string, string>;
  roles: Record<string, string>;
  /** A mail address that no other account uses. */
  address(name: string): string;
  /** Orders a fault that happens to callers of this account only, and returns its id. */
  fault(fault: Fault): Promise<string>;
  /** What callers of this account asked, and were answered. */
  requests(wanted?: Wanted): Promise<Exchange[]>;
}

/** The sandbox did not start, or refused what a test wanted of it. */
export class SandboxError extends Error {}

/** A running sandbox. */
export class Sandbox {
  constructor(baseUrl: string);
  /** Where it is. */
  readonly baseUrl: string;
  /** What a client is given as its base URL. */
  readonly apiUrl: string;
  readonly tokens: Tokens;
  /** Where the server is a child of this process: its id. */
  readonly pid: number | undefined;
  /** Asks the control plane for what has no method here. */
  call(method: string, path: string, body?: unknown, query?: Record<string, unknown>): Promise<any>;
  /** Back to the seed: rows, ids, mails, clock, faults and requests. Snapshots stay. */
  reset(): Promise<void>;
  /** Keeps the present state under a name. */
  snapshot(name: string): Promise<void>;
  /** Returns to a state that was kept. */
  restore(name: string): Promise<void>;
  /** Changes settings until the next reset, for example `{ rate_create: 2 }`, and tells those that are in force. */
  settings(changed?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** What was asked and answered, oldest first. */
  requests(wanted?: Wanted): Promise<Exchange[]>;
  /** Makes an account that no other test knows. */
  account(name?: string): Promise<Account>;
  /** The clock, which is the same for all accounts. */
  readonly clock: {
    now(): Promise<string>;
    set(now: string | Date): Promise<void>;
    freeze(frozen?: boolean): Promise<void>;
    /** What follows from the time has happened when this returns. */
    advance(duration: { days?: number; hours?: number; minutes?: number; seconds?: number }): Promise<void>;
  };
  readonly mailbox: {
    /** Newest first. */
    mails(to?: string): Promise<Mail[]>;
    /** The nth mail that an address got, waited for until it is there. */
    waitFor(to: string, options?: { nth?: number; seconds?: number }): Promise<Mail>;
  };
  readonly faults: {
    /** Orders a fault, for example `{ method: 'POST', drop: 'after_commit', times: 1 }`, and returns its id. */
    order(fault: Fault): Promise<string>;
    clear(): Promise<void>;
  };
  /** Stops it, if it was started here. */
  stop(): Promise<void>;
}

/** Starts a sandbox on a free port, with further arguments of `invited sandbox`, and waits until it is ready. */
export function startSandbox(options?: { binary?: string; args?: string[]; deadline?: number }): Promise<Sandbox>;

/** A sandbox that runs already: the one at a URL, or the one that the global setup of this run has started. */
export function connect(url?: string): Sandbox;

/** The global setup of vitest and jest: one server for all workers, which find it by `connect()`. */
export default function globalSetup(): Promise<(() => Promise<void>) | undefined>;
