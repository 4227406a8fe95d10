-- Whether a mail failed because its recipient or its text was refused, and not because time ran out: sending it again helps
-- nobody.
ALTER TABLE outbox ADD COLUMN is_refused BIGINT NOT NULL DEFAULT 0;

-- What operators list, count and send again.
CREATE INDEX outbox_failed ON outbox (account_id, id) WHERE state = 'failed';
