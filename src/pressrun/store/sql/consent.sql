-- name: last_chain
-- Where the chain ends.
select id, chain from consent order by id desc limit 1;

-- name: insert
-- One more link of the chain.
insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, chain)
values (:id, :subscriber_id, :list_id, :event, :at, :salt, :content, :content_digest, :chain);

-- name: of_subscriber
-- The evidence about one person, oldest first.
select event, at, content from consent where subscriber_id = :subscriber_id order by id;

-- name: erase
-- Take away what was said about a person; the chain goes on to hold.
update consent set subscriber_id = null, salt = null, content = null where subscriber_id = :subscriber_id;
