-- name: begin
-- Begin a session, of the epoch in which it was found that it is them.
insert into login_session (digest, person_id, epoch, method, client, agent, started_at, seen_at)
values (:digest, :person_id, :epoch, :method, :client, :agent, :started_at, :now)
returning id;

-- name: find
-- The session of a cookie with its person, unless it has ended.
select login_session.id, login_session.method, login_session.started_at, login_session.seen_at,
    person.id as person_id, person.name, person.address, person.is_operator
from login_session join person on person.id = login_session.person_id
where login_session.digest = :digest and login_session.epoch = person.epoch
    and login_session.started_at > :started_after and login_session.seen_at > :seen_after;

-- name: see
-- Note when a session was used last.
update login_session set seen_at = :now where id = :id and seen_at < :now;

-- name: of_person
-- The sessions of a person that have not ended, the latest first.
select login_session.id, login_session.method, login_session.client, login_session.agent, login_session.started_at,
    login_session.seen_at
from login_session join person on person.id = login_session.person_id
where person.id = :person_id and login_session.epoch = person.epoch
    and login_session.started_at > :started_after and login_session.seen_at > :seen_after
order by login_session.seen_at desc, login_session.id desc;

-- name: end
-- End the session of a cookie.
delete from login_session where digest = :digest;

-- name: end_one
-- End a session of a person.
delete from login_session where id = :id and person_id = :person_id;

-- name: is_open
-- Whether a session of a person has not been ended.
-- guards: person
select 1 from login_session join person on person.id = login_session.person_id
where login_session.id = :id and person.id = :person_id and login_session.epoch = person.epoch;

-- name: is_weak
-- Whether a session of an operator with a passkey began with less than the passkey.
select 1 from login_session join person on person.id = login_session.person_id
where login_session.id = :id and person.is_operator = 1 and login_session.method in ('password', 'code')
    and exists (select 1 from passkey where passkey.person_id = person.id);

-- name: keep
-- A session goes on in the epoch that has just begun for its person.
-- guards: person
update login_session set epoch = (select epoch from person where person.id = :person_id)
where id = :id and person_id = :person_id;

-- name: sweep
-- Delete sessions that have ended.
delete from login_session where id in (
    select login_session.id from login_session join person on person.id = login_session.person_id
    where login_session.epoch <> person.epoch or login_session.started_at <= :started_after
        or login_session.seen_at <= :seen_after
    limit 1000);

-- name: find_by_name
-- The person of a name or address who may log in.
select person.id, person.name, person.address, person.is_operator, person.epoch, password.hash, authenticator_app.salt,
    authenticator_app.last_step
from person left join password on password.person_id = person.id
left join authenticator_app on authenticator_app.person_id = person.id
where (person.name = :name or person.address_key = :address_key) and person.enrolled_at is not null
order by person.name <> :name limit 1;

-- name: anybody
-- Somebody who may log in.
select 1 from person where enrolled_at is not null limit 1;

-- name: find_by_passkey
-- A passkey with its person.
select passkey.id, passkey.person_id, passkey.credential, passkey.sign_count, person.name, person.epoch
from passkey join person on person.id = passkey.person_id
where passkey.credential_id = :credential_id and person.enrolled_at is not null;

-- name: request
-- Note that a browser asks for a code.
insert into login_code (asker, address, language, expires_at) values (:asker, :address, :language, :expires_at);

-- name: waiting
-- The oldest requests that have not been looked at.
select id, asker, address, language, expires_at from login_code where waits = 1 order by id limit 100;

-- name: looked_at
-- Note that requests have been looked at.
update login_code set waits = 0 where id {in ids} and waits = 1 returning id;

-- name: asked
-- What a browser asked for, while its code is valid; the row stays so until the commit.
select id, address, expires_at from login_code where asker = :asker and expires_at > :now and tries < :most {lock};

-- name: try
-- Count a wrong code.
-- guards: login_code
update login_code set tries = tries + 1 where id = :id;

-- name: forget_code
-- Forget a request for a code.
delete from login_code where id = :id;

-- name: forget_codes_of
-- Void the codes of an address.
delete from login_code where expires_at > :now and address = :address_key;

-- name: sweep_codes
-- Forget requests whose code is too old.
delete from login_code where id in (select id from login_code where expires_at <= :now limit 1000);
