-- name: draw_ids
-- The last one of so many ids for new events.
update id_counter set last_id = last_id + :number where name = 'event' returning last_id;

-- name: append
-- Append events.
insert into event (at, id, subscriber_id, type, list_id, edition_id, actor, how, object)
{rows of new: id bigint, subscriber_id bigint, type text, list_id bigint, edition_id bigint, actor text, how text,
    object text}
select {clock}, new.* from new;

-- name: failed_copies
-- Copies of editions that have failed, each with its edition, its reader and the kind of its failure.
select edition.list_id, subscription.subscriber_id, delivery.edition_id, coalesce(delivery.kind, '') as kind
from delivery
join edition on edition.id = delivery.edition_id
left join subscription on subscription.id = delivery.subscription_id
where delivery.id {in ids} and delivery.state = 'failed'
order by delivery.id;

-- name: newest
-- The highest id so far.
select last_id from id_counter where name = 'event';

-- name: oldest
-- The lowest id that is there.
select min(id) from event;

-- name: page
-- Events between two ids, with what is known of their list and reader now: of some lists, and of no list about readers of
-- others.
select event.id, event.type, {time of event.at} as at, list.name as list, subscriber.address as email, event.edition_id as edition,
    event.actor, nullif(event.how, '') as how, event.object
from event
left join list on list.id = event.list_id
left join subscriber on subscriber.id = event.subscriber_id
where event.id > :after and event.id <= :through
    and (cast(:types as text) = '[]' or exists (select 1 from {each types as wanted} where wanted.value ->> 0 = event.type))
    and (cast(:lists as text) is null
        or exists (select 1 from {each lists as seen} where seen.value ->> 0 = list.name)
        or event.list_id is null and exists (select 1 from subscription as theirs
            join list as known on known.id = theirs.list_id
            join {each reader_lists as seen} on seen.value ->> 0 = known.name
            where theirs.subscriber_id = event.subscriber_id))
order by event.id limit :limit;

-- name: sweep
-- Delete the oldest events, those from before a time.
delete from event
where id {in (select old.id from (select id, at from event order by id limit :limit) as old where old.at < :before)};

-- name: forget_list
-- Delete the events of a list.
delete from event where list_id = :list_id;
