-- name: lists
-- The names of all lists, the oldest first.
select id, name from list order by id;

-- name: oldest_due
-- Since when the oldest copy has been due that may go out: one lookup for each edition, state and destination.
select min((select min(due_at) from delivery {indexed by delivery_queue}
    where edition_id = edition.id and state = waiting.state and destination = place.destination)) as due_at
from edition {indexed by edition_by_state}
cross join (select 'queued' as state union all select 'deferred' as state) as waiting
cross join (select '' as destination union select destination from destination_domain) as place
where edition.state = 'sending';

-- name: waiting_mail
-- Received mail that has not been processed, by queue.
select queue, count(*) as number from (
    select queue, received_at from inbound {indexed by inbound_waiting} where state = 'received' limit :most) as waiting
where received_at < :before group by queue;

-- name: paused
-- Paused editions, and those of them that a person paused or asked to pause.
select count(*) as number, count(*) filter (where pause_reason in (:by_hand, :after_canary)) as on_purpose
from edition {indexed by edition_by_state} where state = 'paused';

-- name: readers
-- A slice of the subscriptions of a list in one state.
select count(*) as number, max(id) as last_id from (
    select id from subscription {indexed by subscription_by_list}
    where list_id = :list_id and state = :state and id > :after order by id limit :most) as slice;

-- name: latest_alert
-- The result of the latest alert that was mailed to an address, among the latest notices.
select delivery.state, delivery.reply from notice cross join delivery {indexed by delivery_by_notice}
where delivery.notice_id = notice.id and notice.id > (select coalesce(max(id), 0) from notice) - :most and notice.address = :address
    and notice.kind in ('operator_alert', 'relay_alert', 'policy_alert') and delivery.state in ('delivered', 'failed')
order by notice.id desc limit 1;

-- name: alert_tries
-- The mails of one alert since a time, to any operator: how many failed, when the latest one did, and how many others there are.
select count(*) filter (where delivery.state = 'failed') as failed, max(delivery.recorded_at) filter (where delivery.state = 'failed') as failed_at,
    count(*) filter (where delivery.state <> 'failed') as others
from notice cross join delivery {indexed by delivery_by_notice}
where delivery.notice_id = notice.id and notice.id > (select coalesce(max(id), 0) from notice) - :most and notice.kind = :kind
    and notice.created_at > :since and notice.payload ->> cast(:key as text) = :subject;
