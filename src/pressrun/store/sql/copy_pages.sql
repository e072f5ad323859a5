-- name: page_of_copies
-- Some copies of an edition in one state, in the order of the index of the queue.
select delivery.id, delivery.destination, delivery.due_at, delivery.state, delivery.code, delivery.enhanced, delivery.reply,
    delivery.kind, delivery.bounce, delivery.domain, delivery.attempts, delivery.recorded_at, delivery.first_attempt_at,
    subscriber.address
from delivery {indexed by delivery_queue}
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where delivery.edition_id = :edition_id and delivery.state = :state
    and (delivery.destination, delivery.due_at, delivery.id) > (:destination, cast(:due_at as bigint), cast(:id as bigint))
order by delivery.destination, delivery.due_at, delivery.id limit :limit;

-- name: copies_of_reader
-- The copies of one reader, with what their Message-ID is made of.
select delivery.id, edition.message_secret, list.name as list_name
from delivery {indexed by delivery_once}
cross join edition
cross join list
where delivery.subscription_id {in (select id from subscription where subscriber_id = :subscriber_id)}
    and edition.id = delivery.edition_id and list.id = edition.list_id
order by delivery.id desc;

-- name: copy_of
-- One reader's copy of an edition, with what the relay had said of it before a notification came. It may have gone out
-- under their subscription to another language.
select delivery.id, delivery.destination, delivery.due_at, delivery.state, delivery.code, delivery.enhanced, delivery.reply,
    delivery.kind, delivery.bounce, delivery.domain, delivery.attempts, delivery.recorded_at, delivery.first_attempt_at,
    subscriber.address, delivery.relay, handover.delivery_id as handover_of, handover.at as handover_recorded_at,
    handover.code as handover_code, handover.enhanced as handover_enhanced, handover.reply as handover_reply
from delivery
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
left join handover on handover.delivery_id = delivery.id
where delivery.subscription_id {in (select id from subscription where subscriber_id = :subscriber_id)}
    and delivery.edition_id = :edition_id;

-- name: in_state
-- The copies of an edition in one state with the remotes' words.
select subscriber.address, delivery.code, delivery.enhanced, delivery.reply, delivery.kind, delivery.bounce,
    delivery.due_at, delivery.attempts
from delivery
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where delivery.edition_id = :edition_id and delivery.state = :state
order by delivery.due_at, delivery.id;
