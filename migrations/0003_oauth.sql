-- OAuth 2.0: applications, what members have granted them, and how members sign in to grant it.
--
-- Of every secret only the SHA-256 is here, of a password its Argon2id hash. What belongs to a person and says nothing
-- about anybody else goes with the person.

-- A program that may ask members of its account for access. It acts as its own member where nobody is asked.
CREATE TABLE applications (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  user_id BIGINT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL,
  secret_hash {bytes} NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE UNIQUE INDEX applications_client_id ON applications (client_id);
CREATE INDEX applications_by_account ON applications (account_id);
CREATE INDEX applications_by_user ON applications (user_id);

CREATE TABLE application_redirect_uris (
  application_id BIGINT NOT NULL REFERENCES applications (id),
  position BIGINT NOT NULL,
  uri TEXT NOT NULL,
  PRIMARY KEY (application_id, position)
);

-- One consent of one member, from its code to the last token that comes of it. Revoking the row ends the family.
CREATE TABLE grants (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  application_id BIGINT NOT NULL REFERENCES applications (id),
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_hash {bytes} NOT NULL,
  code_challenge TEXT,
  code_challenge_method TEXT,
  code_expires_at BIGINT NOT NULL,
  code_used_at BIGINT,
  revoked_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX grants_code ON grants (code_hash);
CREATE INDEX grants_by_application ON grants (application_id);
CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX grants_unused ON grants (code_expires_at) WHERE code_used_at IS NULL;

-- A used row stays: that its token comes back is how a theft is noticed.
CREATE TABLE refresh_tokens (
  id {id},
  grant_id BIGINT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
  token_hash {bytes} NOT NULL,
  used_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX refresh_tokens_hash ON refresh_tokens (token_hash);
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);

-- A token that an application holds, and the grant that it came from; neither for tokens of operators, and no grant for
-- those that an application got in its own name.
ALTER TABLE access_tokens ADD COLUMN application_id BIGINT REFERENCES applications (id);
ALTER TABLE access_tokens ADD COLUMN grant_id BIGINT REFERENCES grants (id);
ALTER TABLE access_tokens ADD COLUMN scope TEXT;
CREATE INDEX access_tokens_by_application ON access_tokens (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id) WHERE grant_id IS NOT NULL;

-- The costs stand beside the hash, so that they can be raised for the passwords to come.
CREATE TABLE passwords (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  salt {bytes} NOT NULL,
  hash {bytes} NOT NULL,
  memory_kib BIGINT NOT NULL,
  passes BIGINT NOT NULL,
  lanes BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);

-- Links that sign a member in once.
CREATE TABLE sign_in_links (
  id {id},
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash {bytes} NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sign_in_links_token ON sign_in_links (token_hash);
CREATE INDEX sign_in_links_by_user ON sign_in_links (user_id);
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);

-- Browsers in which a member is signed in.
CREATE TABLE sessions (
  id {id},
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash {bytes} NOT NULL,
  seen_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_creation ON sessions (created_at);
CREATE INDEX sessions_by_sight ON sessions (seen_at);
