-- Skills, who has them, cost rates in several currencies, and targets of billable time.

CREATE TABLE skills (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT,
  max_level TEXT NOT NULL,
  skill_category_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX skills_by_name ON skills (account_id, name_key);
CREATE INDEX skills_by_category ON skills (account_id, skill_category_id);

CREATE TABLE skill_memberships (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  user_id BIGINT NOT NULL REFERENCES users (id),
  skill_id BIGINT NOT NULL REFERENCES skills (id),
  level BIGINT NOT NULL,
  creator_id BIGINT REFERENCES users (id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX skill_memberships_user ON skill_memberships (user_id, skill_id);
CREATE INDEX skill_memberships_by_creation ON skill_memberships (account_id, created_at);
CREATE INDEX skill_memberships_by_skill ON skill_memberships (skill_id, level);
CREATE INDEX skill_memberships_by_creator ON skill_memberships (creator_id);

-- What amounts of money in an account are in, unless they say otherwise.
ALTER TABLE accounts ADD COLUMN currency TEXT NOT NULL DEFAULT 'USD';

CREATE TABLE cost_rates (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  account_membership_id BIGINT NOT NULL REFERENCES account_memberships (id),
  currency TEXT NOT NULL,
  amount_in_subunits BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX cost_rates_membership ON cost_rates (account_membership_id, currency);
CREATE INDEX cost_rates_by_creation ON cost_rates (account_id, created_at);
-- The default rate of a membership is its rate in the account's currency.
INSERT INTO cost_rates (account_id, account_membership_id, currency, amount_in_subunits, created_at, updated_at)
  SELECT account_id, id, 'USD', cost_rate_in_cents, created_at, updated_at FROM account_memberships
  WHERE cost_rate_in_cents IS NOT NULL;

CREATE TABLE billable_utilizations (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  account_membership_id BIGINT NOT NULL REFERENCES account_memberships (id),
  effective_date BIGINT NOT NULL,
  target BIGINT NOT NULL,
  creator_id BIGINT REFERENCES users (id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX billable_utilizations_by_account ON billable_utilizations (account_id, id);
CREATE INDEX billable_utilizations_by_membership ON billable_utilizations (account_membership_id, effective_date);
CREATE INDEX billable_utilizations_by_creator ON billable_utilizations (creator_id);

-- External references in the orders of their own list.
CREATE INDEX external_references_by_sync ON external_references (account_id, subject_type, updated_at);
CREATE INDEX external_references_by_creation ON external_references (account_id, subject_type, created_at);
