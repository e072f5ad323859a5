-- name: record
-- Remember that a key belongs to this database.
insert into keyring (number, fingerprint) values (:number, :fingerprint)
on conflict (number) do nothing;
