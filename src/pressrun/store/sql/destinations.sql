-- name: domains
-- Which domains have a lane that was not learned.
select domain, lane from lane_domain where learned = 0;

-- name: forget_domains
-- What providers and the configuration say is written anew.
delete from lane_domain where learned = 0;

-- name: insert_domain
-- A domain has a lane; what was learned gives way.
insert into lane_domain (domain, lane, learned) values (:domain, :lane, :learned)
on conflict (domain) do update set lane = excluded.lane, learned = excluded.learned;

-- name: relane
-- Copies that wait move to the lanes of now.
update delivery indexed by delivery_queue set lane = coalesce((select lane_domain.lane from lane_domain where lane_domain.domain = delivery.domain), '')
where edition_id in (select id from edition where state in ('scheduled', 'sending', 'paused'))
    and state in ('queued', 'deferred')
    and lane <> coalesce((select lane_domain.lane from lane_domain where lane_domain.domain = delivery.domain), '');

-- name: relane_domain
-- Copies of one domain that wait get a lane of their own.
update delivery indexed by delivery_queue set lane = :lane
where edition_id in (select id from edition where state in ('scheduled', 'sending', 'paused'))
    and state in ('queued', 'deferred') and lane = '' and domain = :domain;

-- name: load
-- What was learned of each lane.
select name, state from lane;

-- name: store
-- Keep what was learned of a lane.
insert into lane (name, state) values (:name, :state)
on conflict (name) do update set state = excluded.state;

-- name: forget
-- Nothing is left to be known of a lane.
delete from lane where name = :name;

-- name: give_up
-- What waited in a lane for too long has failed.
update delivery indexed by delivery_queue set state = 'failed', kind = 'expired', settled_at = :now,
    reply = case when notice_id is null and subscription_id is null then null else :reply end
where edition_id in (select id from edition where state in ('sending', 'paused'))
    and state in ('queued', 'deferred') and lane = :lane;

-- name: lane_of
-- The lane that a domain has.
select lane from lane_domain where domain = :domain;

-- name: count_queued
-- How many copies of live editions wait in a lane for their first attempt.
select count(*) from delivery
where edition_id in (select id from edition where state in ('sending', 'paused')) and state = 'queued' and lane = :lane;

-- name: queued_copies
-- The copies of an edition that wait in a lane for their first attempt.
select subscriber.address, delivery.due_at, delivery.attempts
from delivery
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where delivery.edition_id = :edition_id and delivery.state = 'queued' and delivery.lane = :lane order by delivery.id;

-- name: load_paces
-- Where each scope's pace stood.
select scope, state from pace;

-- name: store_paces
-- Keep where each scope's pace stands.
insert into pace (scope, state)
select key, json(value) from json_each(:states) where true
on conflict (scope) do update set state = excluded.state;
