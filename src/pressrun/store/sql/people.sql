-- name: insert
-- A new person.
insert into person (name, address, address_key, is_operator, created_at, enrolled_at)
values (:name, :address, :address_key, :is_operator, :now, :enrolled_at)
returning id;

-- name: lock
-- A person by their name or address, who is about to be changed.
select id from person where name = :text or address_key = :text {lock};

-- name: lock_one
-- A person by their id, who is about to be changed.
select id from person where id = :id {lock};

-- name: get
-- One person.
select id, name, address, is_operator, created_at, enrolled_at, epoch from person where id = :id;

-- name: find
-- A person by their name.
select id, name, address, is_operator, created_at, enrolled_at, epoch from person where name = :name;

-- name: find_by_address
-- A person by their address.
select id, name, address, is_operator, created_at, enrolled_at, epoch from person where address_key = :address_key;

-- name: find_by_identity
-- A person by whom an issuer knows them.
select person.id, person.name, person.address, person.is_operator, person.created_at, person.enrolled_at, person.epoch
from identity join person on person.id = identity.person_id
where identity.issuer = :issuer and identity.subject = :subject;

-- name: page
-- People by their names, some at a time.
select id, name, address, is_operator, created_at, enrolled_at, epoch from person
where name > :after order by name limit :limit;

-- name: names_like
-- The names that begin so.
select name from person where name >= :name and name < :end;

-- name: set_operator
-- Make somebody an operator, or take that away, which ends their sessions.
-- guards: person
update person set is_operator = :is_operator, epoch = epoch + 1 where id = :id and is_operator <> :is_operator;

-- name: operators
-- The operators who may log in, locked until the commit.
select id from person where is_operator = 1 and enrolled_at is not null order by id {lock};

-- name: enrol
-- From now on they may log in.
update person set enrolled_at = :now where id = :id and enrolled_at is null;

-- name: end_sessions
-- All sessions of a person end.
update person set epoch = epoch + 1 where id = :id;

-- name: delete
-- Delete a person with everything that is theirs.
delete from person where id = :id;

-- name: delete_idle
-- Delete a person who cannot log in and may do nothing any more.
delete from person where id = :id and enrolled_at is null and is_operator = 0
    and not exists (select 1 from permission where permission.person_id = person.id)
    and not exists (select 1 from enter_link where enter_link.person_id = person.id);

-- name: add_identity
-- An issuer knows this person.
insert into identity (issuer, subject, person_id) values (:issuer, :subject, :person_id);

-- name: remove_identities
-- No issuer knows this person any more.
delete from identity where person_id = :person_id;

-- name: permissions_of
-- What these people may do on which lists.
select permission.person_id, list.name as list, permission.role, permission.readers
from permission join list on list.id = permission.list_id
where permission.person_id {in ids} order by permission.person_id, list.name;

-- name: permission
-- What a person may do on a list.
select role, readers from permission where list_id = :list_id and person_id = :person_id {lock};

-- name: put_permission
-- Let a person do this on a list, and no more than this.
-- guards: person
insert into permission (list_id, person_id, role, readers) values (:list_id, :person_id, :role, :readers)
on conflict (list_id, person_id) do update set role = excluded.role, readers = excluded.readers;

-- name: remove_permission
-- A person may do nothing on a list any more, and what they mailed to it is not theirs to release.
-- guards: person
delete from permission where list_id = :list_id and person_id = :person_id;

-- name: editors
-- The people who may post to a list by mail.
select person.address from permission join person on person.id = permission.person_id
where permission.list_id = :list_id and permission.role in ('editor', 'publisher') and person.address is not null
order by person.address_key;

-- name: publishers
-- The people who may send editions of a list, as far as they can be mailed.
select person.id, person.address from permission join person on person.id = permission.person_id
where permission.list_id = :list_id and permission.role = 'publisher' and person.address is not null
order by person.id;

-- name: find_editor
-- The address of an editor as it was entered.
select person.address from person join permission on permission.person_id = person.id
where person.address_key = :address_key and permission.list_id = :list_id
    and permission.role in ('editor', 'publisher');

-- name: arrivals
-- What became of the latest mails to these people, the oldest first.
select notice.address, delivery.state, delivery.recorded_at, delivery.reply
from notice cross join delivery {indexed by delivery_by_notice}
where delivery.notice_id = notice.id and notice.id > (select coalesce(max(id), 0) from notice) - :most
    and notice.address in (select address from person where id {in ids} and address is not null)
    and delivery.state in ('delivered', 'failed')
order by notice.id;
