-- The network address from which a write came, for whoever asks later who it was.

ALTER TABLE audit ADD COLUMN client_address TEXT;
