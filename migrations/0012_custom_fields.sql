-- Custom fields of users: the fields, the choices of those that have some, and the values.

CREATE TABLE custom_fields (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  value_type TEXT NOT NULL,
  default_text TEXT,
  unique_constraint BIGINT NOT NULL,
  read_access TEXT NOT NULL,
  write_access TEXT NOT NULL,
  -- The lowest rungs of callers who meet the two.
  read_from BIGINT NOT NULL,
  write_from BIGINT NOT NULL,
  creator_id BIGINT REFERENCES users (id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX custom_fields_by_name ON custom_fields (account_id, name_key);
CREATE INDEX custom_fields_by_update ON custom_fields (account_id, updated_at);
CREATE INDEX custom_fields_by_creator ON custom_fields (creator_id);

CREATE TABLE custom_field_choices (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  custom_field_id BIGINT NOT NULL REFERENCES custom_fields (id),
  label TEXT NOT NULL,
  label_key TEXT NOT NULL,
  -- Counted from 1 in each field, without gaps.
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX custom_field_choices_by_position ON custom_field_choices (account_id, position);
CREATE INDEX custom_field_choices_by_label ON custom_field_choices (account_id, label_key);
CREATE INDEX custom_field_choices_by_field ON custom_field_choices (custom_field_id, position);

CREATE TABLE custom_field_values (
  id {id},
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  custom_field_id BIGINT NOT NULL REFERENCES custom_fields (id),
  subject_type TEXT NOT NULL,
  subject_id BIGINT NOT NULL,
  -- As it is printed, in JSON.
  value TEXT NOT NULL,
  -- As it is compared: text in lower case, 2031-02-01, 12.5, 998:USD, or ids of choices such as ,1,4, with commas around
  -- each, so that a row of a table of its own is not needed for each choice.
  value_key TEXT NOT NULL,
  -- The same in fields whose values are unique.
  unique_key TEXT,
  -- What people read; of choices, their labels are read instead.
  display_text TEXT,
  setter_id BIGINT REFERENCES users (id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX custom_field_values_subject ON custom_field_values (custom_field_id, subject_id, subject_type);
CREATE INDEX custom_field_values_by_subject ON custom_field_values (account_id, subject_type, subject_id);
CREATE UNIQUE INDEX custom_field_values_unique ON custom_field_values (custom_field_id, unique_key);
CREATE INDEX custom_field_values_by_key ON custom_field_values (custom_field_id, value_key);
CREATE INDEX custom_field_values_by_creation ON custom_field_values (account_id, subject_type, created_at);
CREATE INDEX custom_field_values_by_update ON custom_field_values (account_id, subject_type, updated_at);
CREATE INDEX custom_field_values_by_setter ON custom_field_values (setter_id);
