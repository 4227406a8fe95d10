-- What a membership allows besides its permission, and what is known of a person besides name and address.

-- Whether the member is always a collaborator in projects. Until now that was printed of all members with these
-- permissions; whoever has one keeps what was printed.
ALTER TABLE account_memberships ADD COLUMN collaborator_only_license BIGINT NOT NULL DEFAULT 0;
UPDATE account_memberships SET collaborator_only_license = 1
  WHERE permission IN ('collaborator', 'external_collaborator');
-- Whether the member may sign in and use tokens while the membership is active.
ALTER TABLE account_memberships ADD COLUMN can_log_in BIGINT NOT NULL DEFAULT 1;

ALTER TABLE users ADD COLUMN bio TEXT;
ALTER TABLE users ADD COLUMN website TEXT;
ALTER TABLE users ADD COLUMN city TEXT;
ALTER TABLE users ADD COLUMN state TEXT;
ALTER TABLE users ADD COLUMN country TEXT;
ALTER TABLE users ADD COLUMN abbreviated_timezone TEXT;
-- When the user last signed in.
ALTER TABLE users ADD COLUMN last_site_activity BIGINT;
