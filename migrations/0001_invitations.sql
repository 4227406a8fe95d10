-- Accounts, the people in them, and their invitations.
--
-- Moments are microseconds since 1970 in UTC, days are days since 1970-01-01. A column called *_key holds a text in the
-- form in which it is compared (lower case), search_key the same with every start of a word marked. Every index leads
-- with the account, so that no statement can wander out of it.

CREATE TABLE accounts (
  id {id},
  name TEXT NOT NULL,
  canceled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Counts that lists would otherwise have to make; kept in the transaction of each change.
CREATE TABLE tallies (
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  total BIGINT NOT NULL,
  PRIMARY KEY (account_id, name)
);

CREATE TABLE users (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  full_name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  email_address TEXT NOT NULL,
  email_key TEXT NOT NULL,
  search_key TEXT NOT NULL,
  headline TEXT,
  photo_path TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_address ON users (account_id, email_key);
CREATE INDEX users_by_name ON users (account_id, name_key);

CREATE TABLE roles (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  deleted_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX roles_by_name ON roles (account_id, name_key);

CREATE TABLE account_memberships (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  user_id BIGINT NOT NULL REFERENCES users (id),
  permission TEXT NOT NULL,
  is_owner BIGINT NOT NULL DEFAULT 0,
  default_role_id BIGINT REFERENCES roles (id),
  bill_rate_in_cents BIGINT,
  cost_rate_in_cents BIGINT,
  billability_target BIGINT,
  default_read_only BIGINT NOT NULL DEFAULT 0,
  disabled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_memberships_user ON account_memberships (user_id);
CREATE INDEX account_memberships_by_creation ON account_memberships (account_id, created_at);
CREATE INDEX account_memberships_by_role ON account_memberships (default_role_id);

CREATE TABLE account_invitations (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  full_name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  email_address TEXT NOT NULL,
  email_key TEXT NOT NULL,
  search_key TEXT NOT NULL,
  headline TEXT,
  permission TEXT NOT NULL,
  default_role_id BIGINT REFERENCES roles (id),
  bill_rate_in_cents BIGINT,
  cost_rate_in_cents BIGINT,
  billability_target BIGINT,
  default_read_only BIGINT NOT NULL DEFAULT 0,
  external_reference TEXT,
  inviter_id BIGINT NOT NULL REFERENCES users (id),
  invitee_id BIGINT NOT NULL REFERENCES users (id),
  expires_on BIGINT NOT NULL,
  token_hash {bytes} NOT NULL,
  accepted_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
-- One pending invitation for an address: the guarantee behind the rule on duplicates.
CREATE UNIQUE INDEX account_invitations_pending_address ON account_invitations (account_id, email_key)
  WHERE accepted_at IS NULL;
CREATE UNIQUE INDEX account_invitations_token ON account_invitations (token_hash);
-- The usual orders of a list of pending invitations. Accepted ones leave these indexes. Orders by permission and by the
-- rates have none: they sort what the account has pending, and an update, which sets just these columns, stays cheap.
CREATE INDEX account_invitations_pending_by_creation ON account_invitations (account_id, created_at)
  WHERE accepted_at IS NULL;
CREATE INDEX account_invitations_pending_by_expiry ON account_invitations (account_id, expires_on)
  WHERE accepted_at IS NULL;
CREATE INDEX account_invitations_pending_by_name ON account_invitations (account_id, name_key)
  WHERE accepted_at IS NULL;
-- The history: all invitations, newest first; its other orders sort what this index finds.
CREATE INDEX account_invitations_by_creation ON account_invitations (account_id, created_at);
-- What names a user or a role, for their removal.
CREATE INDEX account_invitations_by_invitee ON account_invitations (invitee_id);
CREATE INDEX account_invitations_by_inviter ON account_invitations (inviter_id);
CREATE INDEX account_invitations_by_role ON account_invitations (default_role_id);

-- Bearer tokens. The token itself is told once and never stored.
CREATE TABLE access_tokens (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  user_id BIGINT NOT NULL REFERENCES users (id),
  token_hash {bytes} NOT NULL,
  label TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE UNIQUE INDEX access_tokens_hash ON access_tokens (token_hash);
CREATE INDEX access_tokens_by_user ON access_tokens (user_id);
CREATE INDEX access_tokens_by_account ON access_tokens (account_id);

-- Who did what to which record. Rows are only ever added, so their ids need not be kept from being used again. The
-- columns before and after hold JSON objects of the attributes that changed. There are no foreign keys: the trail
-- outlives what it tells of. There is no index either, since every write would pay for it: the first reader of the trail
-- brings the one that it needs.
CREATE TABLE audit (
  id {sequence},
  account_id BIGINT NOT NULL,
  occurred_at BIGINT NOT NULL,
  actor_user_id BIGINT,
  actor_token_id BIGINT,
  request_id TEXT,
  action TEXT NOT NULL,
  subject_type TEXT NOT NULL,
  subject_id BIGINT NOT NULL,
  before TEXT,
  after TEXT
);

-- What is to be known of the database as a whole, such as that a sandbox made it.
CREATE TABLE markers (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
