-- The way of an invitation to its person: the mail, the links in it, and the seats that it takes.

-- The links of an invitation. Each attempt to send its mail makes one of its own, since the database holds no token from
-- which a link could be told a second time; all of them work until the invitation is sent anew, answered or over.
DROP INDEX account_invitations_token;
ALTER TABLE account_invitations DROP COLUMN token_hash;
CREATE TABLE invitation_links (
  id {id},
  invitation_id BIGINT NOT NULL REFERENCES account_invitations (id) ON DELETE CASCADE,
  token_hash {bytes} NOT NULL,
  -- Whether it went to the invited address, and so proves who holds it; 0 for one that an administrator hands over.
  is_by_mail BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitation_links_token ON invitation_links (token_hash);
CREATE INDEX invitation_links_by_invitation ON invitation_links (invitation_id);

-- When the person said no, and when the sweeper noticed that the last day is over. Both end with the next sending.
ALTER TABLE account_invitations ADD COLUMN declined_at BIGINT;
ALTER TABLE account_invitations ADD COLUMN expired_at BIGINT;

-- Seats that were contracted, where it was said; the language of mails and pages, where it is another than the server's; and
-- the day through which expired invitations are marked.
ALTER TABLE accounts ADD COLUMN seats BIGINT;
ALTER TABLE accounts ADD COLUMN language TEXT;
ALTER TABLE accounts ADD COLUMN expired_through BIGINT;

-- Mails, from the transaction that wants them to what became of them. due_at is there while a mail is to be sent: whoever
-- sends it moves it into the future first, so that a sender who dies leaves it due again. The address is kept here, since a
-- mail outlives its invitation: how many an address got in a day is counted in these rows.
CREATE TABLE outbox (
  id {id},
  account_id BIGINT NOT NULL,
  invitation_id BIGINT NOT NULL,
  recipient TEXT NOT NULL,
  recipient_key TEXT NOT NULL,
  message_id TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0,
  last_reply TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_by_invitation ON outbox (invitation_id);
CREATE INDEX outbox_by_recipient ON outbox (recipient_key, created_at);
CREATE INDEX outbox_settled ON outbox (updated_at) WHERE due_at IS NULL;

-- Members of any account by their address: who accepts an invitation may be a member elsewhere.
CREATE INDEX users_active_by_address ON users (email_key) WHERE is_active = 1;

-- What retention rules look for.
CREATE INDEX access_tokens_revoked ON access_tokens (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX grants_revoked ON grants (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sign_in_links_used ON sign_in_links (used_at) WHERE used_at IS NOT NULL;
