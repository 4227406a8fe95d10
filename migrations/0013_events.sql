-- Which rows of the trail are events for those who poll. Most are none, and pay nothing: an index holds events only. The
-- rows of older programs have no type, so they are none either.

ALTER TABLE audit ADD COLUMN event_type TEXT;
-- In the order of the list; with the type, so that filtered lists are counted in the index.
CREATE INDEX audit_events ON audit (account_id, occurred_at, event_type) WHERE event_type IS NOT NULL;
-- What has happened to one record, and which event of it is the newest.
CREATE INDEX audit_events_by_subject ON audit (account_id, subject_type, subject_id, id) WHERE event_type IS NOT NULL;
