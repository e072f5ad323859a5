-- name: record
-- Remember that a key belongs to this database.
insert into keyring (number, fingerprint) values (:number, :fingerprint)
on conflict (number) do nothing;

-- name: all
-- The keys that belong to this database.
select number, fingerprint, retires_at from keyring order by number;

-- name: get
-- When a link key retires.
select retires_at from keyring where number = :number {lock};

-- name: retire
-- Have a key retire at a time.
update keyring set retires_at = :retires_at where number = :number;

-- name: any_reader
-- Any reader, whose digest shows which suppression key the database was used with.
select address_key, suppression_digest from subscriber limit 1;

-- name: fingerprints
-- The fingerprints of all keys. It is read before a schema is brought up to date, so it names what every version had.
select number, fingerprint from keyring order by number;
