-- name: domains
-- Domains of providers and of the configuration.
select domain, destination from destination_domain where learned = 0;

-- name: forget_domains
-- Delete the domains of providers and of the configuration, to write them again.
delete from destination_domain where learned = 0;

-- name: insert_domain
-- Assign a domain to a destination, replacing a learned one.
insert into destination_domain (domain, destination, learned) values (:domain, :destination, :learned)
on conflict (domain) do update set destination = excluded.destination, learned = excluded.learned;

-- name: editions_to_reassign
-- Editions with copies that may have to move, each with how far an earlier move is. Not those that have one to begin yet.
select edition.id, max(change.done_through) as done_through
from edition
left join bulk_change as change on change.edition_id = edition.id and change.kind = 'reassign'
where edition.state in ('sending', 'paused')
    and exists (select 1 from delivery where delivery.edition_id = edition.id
        and delivery.state in ('queued', 'deferred', 'claimed'))
group by edition.id
having coalesce(min(change.done_through), 1) > 0
order by edition.id;

-- name: next_subscriptions
-- The next subscriptions, of whichever list: readers who change to another language take copies with them.
select count(*) as number, max(id) as through
from (select id from subscription where id > :after and id <= :last order by id limit :limit) as next;

-- name: reassign
-- Move copies of an edition to the current destinations of their domains; those in flight go there if they come back.
update delivery set destination = coalesce((select place.destination from destination_domain as place
    where place.domain = delivery.domain), '')
where id {in (
    select copy.id
    from subscription
    cross join delivery as copy {indexed by delivery_once}
    where subscription.id > :after and subscription.id <= :through
        and copy.subscription_id = subscription.id and copy.edition_id = :edition_id
        and copy.state in ('queued', 'deferred', 'claimed')
        and copy.destination <> coalesce((select place.destination from destination_domain as place
            where place.domain = copy.domain), ''))}
    and state in ('queued', 'deferred', 'claimed');

-- name: load
-- The state of each destination.
select name, state from destination order by name;

-- name: store
-- Store the state of a destination.
insert into destination (name, state) values (:name, :state)
on conflict (name) do update set state = excluded.state;

-- name: forget
-- Delete the state of a destination.
delete from destination where name = :name;

-- name: give_up
-- Fail some of the copies that waited too long for a destination.
update delivery set state = 'failed', kind = 'expired', recorded_at = :now,
    reply = case when notice_id is null and subscription_id is null then null else :reply end
where id {in (select id from delivery {indexed by delivery_queue}
        where edition_id = :edition_id and state = :state and destination = :destination order by due_at limit :limit)}
    and state = :state and destination = :destination
returning id;

-- name: destination_of
-- The destination of a domain.
select destination from destination_domain where domain = :domain;

-- name: count_queued
-- How many copies of live editions to a destination wait for their first attempt.
select count(*) from delivery
where edition_id in (select id from edition where state in ('sending', 'paused'))
    and state = 'queued' and destination = :destination;

-- name: queued_copies
-- The copies of an edition to a destination that wait for their first attempt.
select subscriber.address, delivery.due_at, delivery.attempts
from delivery
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where delivery.edition_id = :edition_id and delivery.state = 'queued' and delivery.destination = :destination
order by delivery.id;

-- name: load_paces
-- The stored pace of each scope.
select scope, state from pace;

-- name: store_paces
-- Store the pace of each scope, pairs of a scope and its state.
insert into pace (scope, state)
select new.value ->> 0, new.value ->> 1 from {each states as new} where true
on conflict (scope) do update set state = excluded.state;
