-- name: insert
-- Store a notice.
insert into notice (kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at)
values (:kind, :list_id, :subscriber_id, :address, :language, :payload, :content, :message_secret, :now)
returning id;

-- name: insert_all
-- Store several notices: arrays, and 16 octets for each, by which the rows that come back are told apart.
insert into notice (kind, list_id, subscriber_id, address, language, payload, message_secret, created_at)
select new.value ->> 0, cast(new.value ->> 1 as bigint), cast(new.value ->> 2 as bigint), new.value ->> 3,
    new.value ->> 4, new.value -> 5, substr(:secrets, new.key * 16 + 1, 16), :now
from {each notices as new} order by new.key
returning id, message_secret;

-- name: queue_all
-- Queue notices: pairs of an id and the domain of its recipient.
insert into delivery (notice_id, domain, state, due_at)
select cast(new.value ->> 0 as bigint), new.value ->> 1, 'queued', :now from {each notices as new} order by new.key;

-- name: asked
-- The readers and lists of notices, as far as they still exist.
select delivery.id, notice.subscriber_id, notice.list_id, list.name as list_name, notice.address, notice.language, notice.kind
from delivery join notice on notice.id = delivery.notice_id join list on list.id = notice.list_id
where delivery.id {in ids} and notice.subscriber_id is not null;

-- name: ended
-- A notice with content whose delivery has ended.
select notice.id, notice.content, notice.payload
from delivery join notice on notice.id = delivery.notice_id
where delivery.id = :delivery_id and delivery.state in ('delivered', 'failed') and notice.content is not null;

-- name: drop_content
-- Delete the content of a notice.
update notice set content = null where id = :id;
