-- Pending invitations of the sandbox's first account, each with its invitee, for SQLite and PostgreSQL. {first} is the
-- first id and {count} how many; {now} is in microseconds; {word} and {text} mark the starts of words and of texts in
-- search keys. The invitations are a second apart, so that the default order has no ties, and the newest is a minute
-- old. Levels, inviters (1, 2, 3, 5) and roles (101 to 103) are those of the standard seed.

CREATE TEMPORARY TABLE filled AS
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count}),
named AS (
  SELECT n, {first} + n AS id,
    CASE n % 8 WHEN 0 THEN 'Ada' WHEN 1 THEN 'Björn' WHEN 2 THEN 'Chloé' WHEN 3 THEN 'Dmitri' WHEN 4 THEN 'Edith'
      WHEN 5 THEN 'Farid' WHEN 6 THEN 'Grace' ELSE 'Hiro' END || ' ' ||
    CASE n / 7 % 7 WHEN 0 THEN 'Almeida' WHEN 1 THEN 'Brandt' WHEN 2 THEN 'Cohen' WHEN 3 THEN 'Dubois'
      WHEN 4 THEN 'Eriksen' WHEN 5 THEN 'García' ELSE 'Hopper' END || ' ' || n AS full_name,
    'Person.' || n || '@bench.example.test' AS email_address,
    CASE WHEN n % 3 = 0 THEN 'Senior analyst' END AS headline,
    {now} - ({count} - n + 60) * CAST(1000000 AS BIGINT) AS created_at
  FROM numbers
)
SELECT named.*, lower(full_name) AS name_key, lower(email_address) AS email_key,
  '{word}' || replace(lower(full_name), ' ', ' {word}') || '{text}{word}' ||
    replace(replace(lower(email_address), '.', '.{word}'), '@', '@{word}') AS search_key
FROM named;

INSERT INTO users (id, account_id, full_name, name_key, email_address, email_key, search_key, headline, created_at,
  updated_at)
SELECT id, 1, full_name, name_key, email_address, email_key, search_key, headline, created_at, created_at
FROM filled ORDER BY id;

INSERT INTO account_invitations (id, account_id, full_name, name_key, email_address, email_key, search_key, headline,
  created_at, updated_at, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target,
  inviter_id, invitee_id, expires_on)
SELECT id, 1, full_name, name_key, email_address, email_key, search_key, headline, created_at, created_at,
  'project_creator',
  CASE WHEN n % 10 = 0 THEN 101 + n / 10 % 3 END,
  CASE WHEN n % 2 = 0 THEN 10000 + n % 5000 END,
  CASE WHEN n % 4 = 0 THEN 8000 + n % 3000 END,
  CASE WHEN n % 5 = 0 THEN n % 101 END,
  CASE n % 4 WHEN 3 THEN 5 ELSE 1 + n % 4 END,
  id,
  {now} / 86400000000 + 30
FROM filled ORDER BY id;

INSERT INTO tallies (account_id, name, total)
VALUES (1, 'account_invitations', {count}), (1, 'account_invitations.pending', {count})
ON CONFLICT (account_id, name) DO UPDATE SET total = tallies.total + excluded.total;

DROP TABLE filled;
