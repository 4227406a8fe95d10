-- Waiting mails in the order in which they are claimed, with the moment since which they wait: metrics read nothing else.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due_at, id, created_at) WHERE due_at IS NOT NULL;

-- Mails about the address of a user.
CREATE INDEX outbox_by_user ON outbox (user_id) WHERE user_id IS NOT NULL;
