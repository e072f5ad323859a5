-- name: insert
-- Store a person.
insert into subscriber (address, address_key, domain, suppression_digest, mailbox_digest, name, language, created_at)
values (:address, :address_key, :domain, :suppression_digest,
    nullif(:mailbox_digest, :suppression_digest), :name, :language, :now)
returning *;

-- name: find
-- One subscriber by address key.
select * from subscriber where address_key = :address_key {lock};

-- name: find_all
-- The subscribers with these address keys.
select subscriber.* from {each keys as entry} join subscriber on subscriber.address_key = entry.value ->> 0
order by subscriber.id {lock of subscriber};

-- name: get
-- One subscriber by id.
select * from subscriber where id = :id {lock};

-- name: language
-- The language that the person with an address chose.
select language from subscriber where address_key = :address_key;

-- name: of_mailbox
-- Everybody whose address leads to one mailbox. The index has the beginning of the digest alone.
select * from subscriber
where (substr(suppression_digest, 1, 4) = :beginning and suppression_digest = :mailbox)
    or mailbox_digest = :mailbox
order by id {lock};

-- name: update_profile
-- Change what is not null of the profile of a person.
-- guards: subscriber
update subscriber set name = coalesce(:name, name), language = coalesce(:language, language),
    attributes = coalesce(:attributes, attributes), text_only = coalesce(:text_only, text_only)
where id = :id;

-- name: bump_epoch
-- End all preferences links of a person.
update subscriber set epoch = epoch + 1 where id = :id;

-- name: move
-- Give a person another address.
-- guards: subscriber
update subscriber set address = :address, address_key = :address_key, domain = :domain,
    suppression_digest = :suppression_digest, mailbox_digest = nullif(:mailbox_digest, :suppression_digest)
where id = :id;

-- name: move_copies
-- Move the copies of a person that are not over to the destination of the new domain. Those in flight may be put off.
update delivery set domain = :domain, destination = coalesce((select destination from destination_domain where domain = :domain), '')
where subscription_id {in (select id from subscription where subscriber_id = :id)} and state in ('queued', 'deferred', 'claimed');

-- name: subscriptions
-- The subscriptions of a person that have not ended.
select id, list_id, subscriber_id from subscription where subscriber_id = :id and state <> 'unsubscribed' order by list_id;

-- name: delete
-- Delete a person and, by foreign keys, their subscriptions and notices.
delete from subscriber where id = :id;

-- name: delete_without_subscription
-- Delete those of these people who have no subscription, and had none that went with its list lately.
-- guards: subscriber
delete from subscriber
where id {in ids} and not exists (select 1 from subscription where subscription.subscriber_id = subscriber.id)
    and not exists (select 1 from former_reader where former_reader.subscriber_id = subscriber.id)
returning id;

-- name: deliveries
-- The copies of a person, newest first.
select edition.id as edition, list.name as list, delivery.state, delivery.code,
    {time of coalesce(delivery.recorded_at, delivery.first_attempt_at)} as at
from subscription
cross join list
cross join delivery {indexed by delivery_once}
cross join edition
where subscription.subscriber_id = :subscriber_id and list.id = subscription.list_id
    and delivery.subscription_id = subscription.id and {+}delivery.edition_id is not null
    and edition.id = delivery.edition_id
order by delivery.id desc;

-- name: columns
-- The merge fields for which at least one member of a list has a value.
select distinct entry.key as name
from subscription join subscriber on subscriber.id = subscription.subscriber_id
cross join {keys of subscriber.attributes as entry}
where subscription.list_id = :list_id and subscription.state = 'active' and subscriber.attributes <> '{}';
