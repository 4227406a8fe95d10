-- Makes the generated people active members, each with two of twenty skills at some level; one more skill is had by ten of
-- them, however many there are. For SQLite and PostgreSQL, after `fill.sql` and with its placeholders.

INSERT INTO skills (id, account_id, name, name_key, max_level, skill_category_id, created_at, updated_at)
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20)
SELECT {first} + n, 1, 'Skill ' || n, 'skill ' || n, '5', 1, {now}, {now} FROM numbers;

INSERT INTO account_memberships (id, account_id, user_id, permission, created_at, updated_at)
SELECT id, 1, id, 'collaborator', created_at, created_at FROM users WHERE id >= {first} ORDER BY id;

UPDATE users SET is_active = 1, has_joined = 1 WHERE id >= {first};

INSERT INTO skill_memberships (account_id, user_id, skill_id, level, created_at, updated_at)
SELECT 1, u.id, {first} + (u.id + 7 * k.k) % 20, 1 + u.id % 5, u.created_at, u.created_at
FROM users u CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1) k WHERE u.id >= {first} ORDER BY u.id;

INSERT INTO skill_memberships (account_id, user_id, skill_id, level, created_at, updated_at)
SELECT 1, u.id, {first} + 20, 3, {now}, {now}
FROM users u WHERE u.id >= {first} AND (u.id - {first}) % ({count} / 10) = 0;

INSERT INTO tallies (account_id, name, total)
VALUES (1, 'account_memberships', {count}), (1, 'account_memberships.active', {count}),
  (1, 'skill_memberships', 2 * {count} + 10)
ON CONFLICT (account_id, name) DO UPDATE SET total = tallies.total + excluded.total;
