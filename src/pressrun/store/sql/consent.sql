-- name: last_chain
-- Where the chain ends.
select id, chain from consent order by id desc limit 1;

-- name: highest_number
-- The last number that was ever given; SQLite keeps it apart from the rows.
select seq from sqlite_sequence where name = 'consent';

-- name: append
-- More links of the chain: arrays, and for each 128 octets (salt, digest; the same of where it came from; chain).
insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, ip, ip_salt, ip_digest, chain)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, substr(:octets, key * 128 + 1, 16), value ->> 5,
    substr(:octets, key * 128 + 17, 32), value ->> 6,
    iif(value ->> 6 is null, null, substr(:octets, key * 128 + 49, 16)),
    iif(value ->> 6 is null, null, substr(:octets, key * 128 + 65, 32)), substr(:octets, key * 128 + 97, 32)
from json_each(:rows);

-- name: page
-- The rows of the chain in their order, some at a time; the columns in the order of core.chain.ChainRow.
select id, subscriber_id, list_id, event, at, salt, content, content_digest, ip, ip_salt, ip_digest, chain
from consent where id > :after order by id limit :limit;

-- name: of_subscriber
-- The evidence about one person, oldest first.
select event, at, ip, content from consent where subscriber_id = :subscriber_id order by id;

-- name: numbers_of_subscriber
-- Which rows are about one person.
select id from consent where subscriber_id = :subscriber_id order by id;

-- name: erase
-- Take away what rows say, and about whom; the chain goes on to hold.
update consent set subscriber_id = null, salt = null, content = null, ip = null, ip_salt = null
where id in (select value from json_each(:numbers));

-- name: oldest_ip
-- The oldest row that still has a network address.
select min(at) from consent where ip is not null;

-- name: with_old_ip
-- Rows whose network address is to go, some at a time.
select id from consent where ip is not null and at <= :before order by at, id limit :limit;

-- name: age
-- Take away where one row came from; the chain goes on to hold.
update consent set ip = null, ip_salt = null where id = :id;
