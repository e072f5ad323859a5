-- name: head
-- Where the chain of the audit log stands. The lock makes transactions append one after the other.
select number, chain from audit_head {lock};

-- name: append
-- Append rows in the order of their numbers.
insert into audit (number, at, who, uid, claimed, way, action, list, object, fields, outcome, code, subscriber_id, salt,
    content, content_digest, chain)
{rows of new: number bigint, at bigint, who text, uid bigint, claimed text, way text, action text, list text, object text,
    fields text, outcome text, code bigint, subscriber_id bigint, salt bytea, content text, content_digest bytea, chain bytea}
select * from new;

-- name: page
-- The rows of the log in their order, some at a time.
select * from audit where number > :after order by number limit :limit;

-- name: latest
-- The newest rows first; whoever, whichever list and whenever where nothing is asked for.
select * from audit
where number < :before and at >= :since and (cast(:list as text) is null or list = :list)
    and (cast(:who as text) is null or who = :who or claimed = :who or cast(uid as text) = :who)
order by number desc limit :limit;

-- name: last_object
-- What the last row of this action that was done was about.
select object from audit where action = :action and outcome = 'done' order by number desc limit 1;

-- name: last_sender
-- Who last decided that an edition goes out, and when.
select who, uid, at from audit
where action in ('edition.move', 'edition.release', 'edition.resume', 'edition.schedule', 'edition.send')
    and object = :object and outcome = 'done'
order by number desc limit 1;

-- name: changes_of_settings
-- Who changed settings of a list from `since` on, and which; a changed logo names none.
select who, uid, at, action, fields from audit
where action in ('list.logo', 'list.set') and list = :list and at >= :since and outcome = 'done'
order by number;

-- name: has
-- Whether there is a row of this action about this object.
select 1 from audit where action = :action and object = :object limit 1;

-- name: list_of_edition
-- The name of the list of an edition.
select list.name from edition join list on list.id = edition.list_id where edition.id = :edition_id;

-- name: find_subscribers
-- The readers with these addresses.
select subscriber.address_key, subscriber.id
from {each address_keys as wanted} join subscriber on subscriber.address_key = wanted.value ->> 0;

-- name: is_erased
-- Whether a person is kept out who was erased.
select 1 from suppression where digest = :digest and address is null;

-- name: numbers_about_readers
-- The numbers of the rows about readers.
select number from audit where subscriber_id {in ids};

-- name: numbers_about_digest
-- The numbers of the rows that hold a keyed digest.
select number from audit where content like :digest;

-- name: erase
-- Erase whom rows are about; the chain stays valid.
update audit set subscriber_id = null, salt = null, content = null where number {in numbers};
