-- name: record
-- Remember that a key belongs to this database.
insert into keyring (number, fingerprint) values (:number, :fingerprint)
on conflict (number) do nothing;

-- name: all
-- The keys that belong to this database.
select number, fingerprint from keyring;

-- name: any_reader
-- Any reader, whose digest shows which suppression key the database was used with.
select address_key, suppression_digest from subscriber limit 1;
