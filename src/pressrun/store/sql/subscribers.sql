-- name: insert
-- A new address.
insert into subscriber (address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes,
    created_at)
values (:address, :address_key, :domain, :suppression_digest,
    nullif(:mailbox_digest, :suppression_digest), :name, :language, :attributes, :now);

-- name: find
-- One subscriber by what makes addresses equal.
select * from subscriber where address_key = :address_key;

-- name: get
-- One subscriber by id.
select * from subscriber where id = :id;

-- name: of_mailbox
-- Everybody who gets mail in one mailbox.
select * from subscriber where suppression_digest = :mailbox or mailbox_digest = :mailbox order by id;

-- name: update_profile
-- What a reader or an import says about a person.
update subscriber set name = :name, language = :language, attributes = :attributes, text_only = :text_only where id = :id;

-- name: bump_epoch
-- Preferences links that are out there end.
update subscriber set epoch = epoch + 1 where id = :id;

-- name: move
-- The same person at another address.
update subscriber set address = :address, address_key = :address_key, domain = :domain,
    suppression_digest = :suppression_digest, mailbox_digest = nullif(:mailbox_digest, :suppression_digest)
where id = :id;

-- name: move_copies
-- What waits for them waits in the lane of the new domain.
update delivery set domain = :domain, lane = coalesce((select lane from lane_domain where domain = :domain), '')
where subscription_id in (select id from subscription where subscriber_id = :id) and state in ('queued', 'deferred');

-- name: delete
-- Remove a person and, by its foreign keys, their subscriptions and notices.
delete from subscriber where id = :id;

-- name: delete_without_subscription
-- Forget a person whom no list knows any more.
delete from subscriber where id = :id and not exists (select 1 from subscription where subscriber_id = :id);

-- name: columns
-- The merge fields that some member of a list has a value for.
select distinct entry.key as name
from subscription join subscriber on subscriber.id = subscription.subscriber_id, json_each(subscriber.attributes) as entry
where subscription.list_id = :list_id and subscription.state = 'active' and subscriber.attributes <> '{}';

-- name: deliveries
-- The copies that a person got or will get, newest first.
select edition.id as edition, list.name as list, delivery.state, delivery.code, delivery.enhanced, delivery.reply,
    coalesce(delivery.settled_at, delivery.first_attempt_at) as at
from subscription
cross join list
cross join delivery indexed by delivery_once
cross join edition
where subscription.subscriber_id = :subscriber_id and list.id = subscription.list_id
    and delivery.subscription_id = subscription.id and +delivery.edition_id is not null
    and edition.id = delivery.edition_id
order by delivery.id desc;
