-- name: person
-- What is known of how a person logs in.
select person.id, person.name, person.address, person.is_operator,
    (select changed_at from password where person_id = person.id) as password_changed_at,
    (select added_at from authenticator_app where person_id = person.id) as app_added_at,
    (select count(*) from recovery_code where person_id = person.id) as recovery_codes
from person where person.id = :person_id;

-- name: set_password
-- Set a password.
insert into password (person_id, hash, changed_at) values (:person_id, :hash, :now)
on conflict (person_id) do update set hash = excluded.hash, changed_at = excluded.changed_at;

-- name: rehash
-- Keep the same password in another form, unless it has been changed.
update password set hash = :hash where person_id = :person_id and hash = :former;

-- name: remove_password
-- Remove a password.
delete from password where person_id = :person_id;

-- name: add_app
-- Add or replace the app of a person; does nothing if it is there already.
insert into authenticator_app (person_id, salt, last_step, added_at) values (:person_id, :salt, :step, :now)
on conflict (person_id) do update set salt = excluded.salt, last_step = excluded.last_step, added_at = excluded.added_at
where authenticator_app.salt <> excluded.salt;

-- name: has_app
-- Whether a person has this app.
select 1 from authenticator_app where person_id = :person_id and salt = :salt;

-- name: use_step
-- Use up a step of an app; nothing where a later one, or another app, was used meanwhile.
update authenticator_app set last_step = :step where person_id = :person_id and salt = :salt and last_step < :step;

-- name: remove_app
-- Remove the app of a person.
delete from authenticator_app where person_id = :person_id;

-- name: add_recovery_code
-- Add a recovery code.
insert into recovery_code (person_id, digest) values (:person_id, :digest);

-- name: use_recovery_code
-- Use up a recovery code.
delete from recovery_code where person_id = :person_id and digest = :digest;

-- name: remove_recovery_codes
-- Remove all recovery codes of a person.
delete from recovery_code where person_id = :person_id;

-- name: passkeys
-- The passkeys of a person.
select id, credential_id, name, created_at, used_at from passkey where person_id = :person_id order by id;

-- name: add_passkey
-- Add a passkey; nothing where it is known.
insert into passkey (person_id, credential_id, credential, name, sign_count, created_at)
values (:person_id, :credential_id, :credential, :name, :sign_count, :now)
on conflict (credential_id) do nothing;

-- name: use_passkey
-- Record the use of a passkey; no row if it has been used or removed since it was read.
update passkey set sign_count = :sign_count, used_at = :now where id = :id and sign_count = :former;

-- name: remove_passkey
-- Remove a passkey of a person.
delete from passkey where id = :id and person_id = :person_id;

-- name: remove_passkeys
-- Remove all passkeys of a person.
delete from passkey where person_id = :person_id;
