-- The picture of a user, which is served under its name without a token.

CREATE TABLE profile_photos (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- Random: whoever has it may see the picture.
  name TEXT NOT NULL,
  content {bytes} NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX profile_photos_name ON profile_photos (name);
