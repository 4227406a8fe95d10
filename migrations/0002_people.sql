-- The people around an invitation: what a membership holds besides its level, how other systems call people and roles,
-- and the requests that may be repeated without a second effect.

-- Whether the user has an active membership. It repeats what the membership says, so that a list of an account's people
-- neither walks over everybody who was ever invited nor asks for each of them.
ALTER TABLE users ADD COLUMN is_active BIGINT NOT NULL DEFAULT 0;
UPDATE users SET is_active = 1
  WHERE EXISTS (SELECT 1 FROM account_memberships m WHERE m.user_id = users.id AND m.disabled_at IS NULL);
CREATE INDEX users_active_by_name ON users (account_id, name_key) WHERE is_active = 1;

ALTER TABLE account_memberships ADD COLUMN manager_id BIGINT REFERENCES users (id);
ALTER TABLE account_memberships ADD COLUMN manager_can_approve BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_memberships ADD COLUMN manager_can_edit_skills BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_memberships ADD COLUMN should_show_alert_on_timesheet_submission BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_memberships ADD COLUMN enforce_workweek_minimum_on_timesheet_submission BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_memberships ADD COLUMN enforce_workweek_maximum_on_timesheet_submission BIGINT NOT NULL DEFAULT 0;
CREATE INDEX account_memberships_by_manager ON account_memberships (manager_id);
CREATE INDEX account_memberships_active_by_creation ON account_memberships (account_id, created_at)
  WHERE disabled_at IS NULL;
INSERT INTO tallies (account_id, name, total)
  SELECT account_id, 'account_memberships', count(*) FROM account_memberships GROUP BY account_id;
INSERT INTO tallies (account_id, name, total)
  SELECT account_id, 'account_memberships.active', count(*) FROM account_memberships WHERE disabled_at IS NULL
  GROUP BY account_id;

-- How other systems call a user or a role. A subject has one name in each service. An invitation's reference is the
-- invitee's, so it is kept there from the beginning.
ALTER TABLE account_invitations DROP COLUMN external_reference;
CREATE TABLE external_references (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  subject_type TEXT NOT NULL,
  subject_id BIGINT NOT NULL,
  service_name TEXT NOT NULL,
  service_model TEXT NOT NULL,
  service_model_ref TEXT NOT NULL,
  status TEXT,
  external_message TEXT,
  external_link TEXT,
  external_status TEXT,
  locked BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX external_references_service
  ON external_references (account_id, subject_type, subject_id, service_name);
CREATE INDEX external_references_by_name
  ON external_references (account_id, subject_type, service_name, service_model_ref);
CREATE INDEX external_references_by_model ON external_references (account_id, subject_type, service_model);
CREATE INDEX external_references_by_ref ON external_references (account_id, subject_type, service_model_ref);
CREATE INDEX external_references_by_status ON external_references (account_id, subject_type, status);

-- Requests that carry an Idempotency-Key, with their answers, for a day. The row is claimed before the work of the request
-- and filled after it, in one transaction.
CREATE TABLE idempotent_requests (
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  user_id BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint {bytes} NOT NULL,
  body TEXT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, user_id, idempotency_key)
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at);
