-- name: head
-- Where the chain stands. The lock makes transactions append one after the other.
select number, chain from consent_head {lock};

-- name: append
-- Append rows in the order of their numbers.
insert into consent (number, subscriber_id, list_id, event, at, salt, content, content_digest, ip, ip_salt, ip_digest, chain)
{rows of new: number bigint, subscriber_id bigint, list_id bigint, event text, at bigint, salt bytea, content text,
    content_digest bytea, ip text, ip_salt bytea, ip_digest bytea, chain bytea}
select * from new;

-- name: page
-- The rows of the chain in their order, some at a time; the columns in the order of core.signing.chain.ChainRow.
select number, subscriber_id, list_id, event, at, salt, content, content_digest, ip, ip_salt, ip_digest, chain
from consent where number > :after order by number limit :limit;

-- name: of_subscriber
-- The evidence about one person, oldest first.
select event, at, ip, content from consent where subscriber_id = :subscriber_id order by number;

-- name: numbers_of_subscribers
-- The numbers of the rows about people.
select number from consent where subscriber_id {in ids} order by number;

-- name: erase
-- Erase the content of rows and whom they are about; the chain stays valid.
update consent set subscriber_id = null, salt = null, content = null, ip = null, ip_salt = null
where number {in numbers};

-- name: oldest_ip
-- The oldest row that still has a network address.
select min(at) from consent where ip is not null;

-- name: with_old_ip
-- Rows whose network address has to be deleted, a batch at a time.
select number from consent where ip is not null and at <= :before order by at, number limit :limit;

-- name: age
-- Delete the network addresses of rows; the chain stays valid.
update consent set ip = null, ip_salt = null where number {in numbers};
