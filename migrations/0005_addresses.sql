-- Who is who: an address counts beyond its own account only if its owner has proven it, and who has joined an account is
-- known to everybody in it.

-- Since when a mailed link or the operator has proven the address of the user; null for an address that was only said.
ALTER TABLE users ADD COLUMN address_proven_at BIGINT;

-- Before this column, the database did not say how a link came to its person. Proven are the addresses to which an accepted
-- invitation went, unless a link of it was handed over; and those that the operator has given to the first user of an
-- account, unless they were changed since.
UPDATE users SET address_proven_at = updated_at
  WHERE EXISTS (SELECT 1 FROM account_invitations i
    WHERE i.invitee_id = users.id AND i.accepted_at IS NOT NULL AND i.email_key = users.email_key
    AND i.id NOT IN (SELECT a.subject_id FROM audit a WHERE a.action = 'account_invitation.link'));
UPDATE users SET address_proven_at = updated_at
  WHERE id NOT IN (SELECT i.invitee_id FROM account_invitations i)
  AND id NOT IN (SELECT a.subject_id FROM audit a WHERE a.action = 'user.update' AND a.after LIKE '%"email_address":%');

-- Whether the user has ever been a member. Others are known only to those who may see invitations.
ALTER TABLE users ADD COLUMN has_joined BIGINT NOT NULL DEFAULT 0;
UPDATE users SET has_joined = 1
  WHERE id IN (SELECT m.user_id FROM account_memberships m)
  OR id IN (SELECT i.invitee_id FROM account_invitations i WHERE i.accepted_at IS NOT NULL)
  OR id NOT IN (SELECT i.invitee_id FROM account_invitations i);

-- A change of address that nobody has confirmed, with the address before it. The row goes with the confirmation.
CREATE TABLE address_changes (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  former_address TEXT NOT NULL,
  former_key TEXT NOT NULL,
  -- Null if the former address was not proven either.
  former_proven_at BIGINT,
  changed_at BIGINT NOT NULL
);

-- Links that confirm an address. As with invitations, each attempt to send the mail makes one of its own.
CREATE TABLE address_links (
  id {id},
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The address that the link went to, in lower case: it proves no other.
  email_key TEXT NOT NULL,
  token_hash {bytes} NOT NULL,
  expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX address_links_token ON address_links (token_hash);
CREATE INDEX address_links_by_user ON address_links (user_id);
CREATE INDEX address_links_by_expiry ON address_links (expires_at);

-- What a mail is about: an invitation, or the address of a user. A mail about an address has no invitation (0).
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'invitation';
ALTER TABLE outbox ADD COLUMN user_id BIGINT;
