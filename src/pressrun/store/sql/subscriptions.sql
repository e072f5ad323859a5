-- name: insert
-- Store a subscription.
-- guards: list subscriber
insert into subscription (list_id, subscriber_id, state, source, since)
values (:list_id, :subscriber_id, :state, :source, :now)
returning *;

-- name: find
-- The subscription of a person to a list.
select * from subscription where subscriber_id = :subscriber_id and list_id = :list_id {lock};

-- name: find_all
-- The subscriptions of people to a list.
select * from subscription where subscriber_id {in people} and list_id = :list_id order by id {lock};

-- name: get
-- One subscription by id.
select * from subscription where id = :id {lock};

-- name: with_details
-- One subscription with its person and its list, the columns of each in the order of its type.
select subscription.id, subscription.list_id, subscription.subscriber_id, subscription.state,
    subscription.state_before, subscription.suspended_for, subscription.paused_until, subscription.source,
    subscription.since, subscription.round, subscription.moved_to, subscriber.id, subscriber.address, subscriber.address_key,
    subscriber.domain, subscriber.suppression_digest, subscriber.mailbox_digest, subscriber.name, subscriber.language,
    subscriber.attributes, subscriber.epoch, subscriber.created_at, subscriber.text_only, list.description,
    list.owner, list.reply_to, list.postal_address, list.language, list.family, list.archive, list.listed, list.front,
    list.cadence, list.ask_name, list.typeface, list.layout, list.colour, list.footer, list.relay, list.hours,
    list.timezone, list.post_by_mail, list.approval, list.leaving_note, list.require_postal_address, list.id, list.name,
    list.title, list.from_address, list.logo, list.created_at, list.closed_at
from subscription join subscriber on subscriber.id = subscription.subscriber_id
    join list on list.id = subscription.list_id
where subscription.id = :id {lock of subscriber, subscription};

-- name: move
-- Write the state back, if the subscription is still as it was read.
-- guards: subscription
update subscription set state = :state, state_before = :state_before, suspended_for = :suspended_for,
    paused_until = :paused_until, source = :source, since = :since, round = :round
where id = :id and state = :was_state and since = :was_since and round = :was_round
    and suspended_for is not distinct from :was_suspended_for and paused_until is not distinct from :was_paused_until;

-- name: finish
-- Readers who leave; what they asked for in an earlier round is void. A request that ends has led nobody back: the links
-- of before lead on. Readers whom a sync has removed may leave for good; until then their pause waits for them.
-- guards: subscription
update subscription set state = :state, state_before = null, suspended_for = null,
    paused_until = case when cast(:source as text) = 'sync' then paused_until end, source = :source, since = :now,
    round = round + 1, moved_to = case when state = 'pending' then moved_to end
where id {in ids} and (state <> :state or source = 'sync' and cast(:source as text) <> 'sync')
returning id, list_id, subscriber_id;

-- name: highest_id
-- The highest id so far.
select max(id) from subscription;

-- name: find_slice
-- The next active members of a list.
select count(*) as number, max(id) as through
from (
    select id from subscription {indexed by subscription_by_list}
    where list_id = :list_id and state = 'active' and id > :after and id <= :last order by id limit :limit) as member;

-- name: delete
-- Delete a subscription that is still in the state in which it was read.
-- guards: subscription
delete from subscription where id = :id and state = :state;

-- name: of_subscriber
-- The subscriptions of a person.
select subscription.*, list.name as list_name
from subscription join list on list.id = subscription.list_id
where subscription.subscriber_id = :subscriber_id order by list.name {lock of subscription};

-- name: page
-- The subscriptions of a list, a page at a time; `suppressed` is the reason of the view `recipient`.
select subscription.id, subscription.state, subscription.since, subscription.source, subscription.paused_until,
    subscriber.id as subscriber_id, subscriber.address, subscriber.name, subscriber.language, subscriber.attributes,
    coalesce(mailbox.reason, own.reason) as suppressed
from subscription {indexed by subscription_by_list}
cross join subscriber
left join suppression as own on own.digest = subscriber.suppression_digest
left join suppression as mailbox on mailbox.digest = subscriber.mailbox_digest and mailbox.reason = 'never-again'
where subscription.list_id = :list_id and subscription.state = :state and subscription.id > :after
    and subscriber.id = subscription.subscriber_id
order by subscription.id limit :limit;

-- name: page_of_prefix
-- People whose address is in a range, in the order of addresses, a page at a time; those who are not on the list have no
-- state.
select subscriber.id as subscriber_id, subscriber.address_key, subscriber.address, subscriber.name, subscriber.language, subscriber.attributes,
    subscription.state, subscription.since, subscription.source, subscription.paused_until,
    coalesce(mailbox.reason, own.reason) as suppressed
from subscriber
left join subscription on subscription.subscriber_id = subscriber.id and subscription.list_id = :list_id
left join suppression as own on own.digest = subscriber.suppression_digest
left join suppression as mailbox on mailbox.digest = subscriber.mailbox_digest and mailbox.reason = 'never-again'
where subscriber.address_key >= :low and subscriber.address_key < :high
order by subscriber.address_key limit :limit;

-- name: page_of_domain
-- The same for people at one domain.
select subscriber.id as subscriber_id, subscriber.address, subscriber.name, subscriber.language, subscriber.attributes,
    subscription.state, subscription.since, subscription.source, subscription.paused_until,
    coalesce(mailbox.reason, own.reason) as suppressed
from subscriber {indexed by subscriber_by_domain}
left join subscription on subscription.subscriber_id = subscriber.id and subscription.list_id = :list_id
left join suppression as own on own.digest = subscriber.suppression_digest
left join suppression as mailbox on mailbox.digest = subscriber.mailbox_digest and mailbox.reason = 'never-again'
where subscriber.domain = :domain and subscriber.id > :after
order by subscriber.id limit :limit;

-- name: is_anything_over
-- Whether a pause or a request has expired.
select exists (select 1 from subscription where paused_until is not null and paused_until <= :now)
    or exists (select 1 from confirmation where expires_at <= :now);

-- name: end_pauses
-- Readers whose pause is over are active again, a batch at a time; where mail to them has bounced in the meantime, they are
-- suspended for that instead.
update subscription {not indexed} set
    state = case when state = 'suspended' and not exists (select 1 from suspension
        where suspension.subscriber_id = subscription.subscriber_id and suspension.ended_at is null)
        then 'active' else state end,
    suspended_for = case when exists (select 1 from suspension
        where suspension.subscriber_id = subscription.subscriber_id and suspension.ended_at is null) then 'bounces'
        when state = 'suspended' then null else suspended_for end,
    since = case when state = 'suspended' or exists (select 1 from suspension
        where suspension.subscriber_id = subscription.subscriber_id and suspension.ended_at is null)
        then :now else since end,
    paused_until = null
where id {in (select over.id from subscription as over where over.paused_until is not null and over.paused_until <= :now
        order by over.paused_until, over.id limit 1000)}
    and {+}paused_until <= :now
returning list_id, subscriber_id, state;

-- name: insert_confirmation
-- Store a request to subscribe that waits for its confirmation.
insert into confirmation (subscription_id, round, name, language, created_at, expires_at, leader_id, attributes)
values (:subscription_id, :round, :name, :language, :now, :expires_at, :leader_id, :attributes)
returning id;

-- name: of_link
-- The request that a link is for, and those that it confirms too, with subscription, person and list: the columns of each
-- in the order of its type.
select confirmation.id, confirmation.subscription_id, confirmation.round, confirmation.name, confirmation.language,
    confirmation.created_at, confirmation.expires_at, confirmation.attributes,
    subscription.id, subscription.list_id, subscription.subscriber_id, subscription.state,
    subscription.state_before, subscription.suspended_for, subscription.paused_until, subscription.source,
    subscription.since, subscription.round, subscription.moved_to, subscriber.id, subscriber.address, subscriber.address_key,
    subscriber.domain, subscriber.suppression_digest, subscriber.mailbox_digest, subscriber.name, subscriber.language,
    subscriber.attributes, subscriber.epoch, subscriber.created_at, subscriber.text_only, list.description,
    list.owner, list.reply_to, list.postal_address, list.language, list.family, list.archive, list.listed, list.front,
    list.cadence, list.ask_name, list.typeface, list.layout, list.colour, list.footer, list.relay, list.hours,
    list.timezone, list.post_by_mail, list.approval, list.leaving_note, list.require_postal_address, list.id, list.name,
    list.title, list.from_address, list.logo, list.created_at, list.closed_at
from (select * from confirmation where id = :id union all select * from confirmation where leader_id = :id)
    as confirmation
    join subscription on subscription.id = confirmation.subscription_id
    join subscriber on subscriber.id = subscription.subscriber_id
    join list on list.id = subscription.list_id
order by confirmation.id {lock of subscriber, subscription};

-- name: expired_confirmations
-- Requests whose link has expired.
select confirmation.id, confirmation.subscription_id
from confirmation
cross join subscription
cross join subscriber
where confirmation.expires_at <= :now and subscription.id = confirmation.subscription_id
    and subscriber.id = subscription.subscriber_id
order by confirmation.expires_at, confirmation.id limit 1000 {lock of subscriber, subscription};

-- name: delete_expired
-- Delete requests whose link has expired. By their ids: many others may have expired as well.
delete from confirmation where id {in ids} and expires_at + 0 <= :now;

-- name: restore_unconfirmed
-- Former members who have not confirmed any request are unsubscribed again.
update subscription set state = state_before, state_before = null, since = :now
where id {in ids} and state = 'pending' and state_before is not null
    and not exists (select 1 from confirmation where confirmation.subscription_id = subscription.id)
returning id, list_id, subscriber_id;

-- name: delete_unconfirmed
-- Delete the subscriptions of others who have not.
-- guards: subscription
delete from subscription
where id {in ids} and state = 'pending' and state_before is null
    and not exists (select 1 from confirmation where confirmation.subscription_id = subscription.id)
returning id, list_id, subscriber_id;

-- name: hand_copies_over
-- Give copies that wait or are in flight, and those that a pause has stopped since a time, to another subscription, except
-- of editions that its reader already has, in whichever language. Where the other one's pause
-- began later, they count as stopped by it.
update delivery set subscription_id = :taker_id, domain = :domain,
    recorded_at = case when state = 'cancelled' and recorded_at < (select since from subscription where id = :taker_id)
        then (select since from subscription where id = :taker_id) else recorded_at end,
    destination = coalesce((select destination from destination_domain where domain = :domain), '')
where subscription_id = :giver_id
    and (state in ('queued', 'deferred', 'claimed') or (state = 'cancelled' and recorded_at >= :stopped_since))
    and not exists (select 1 from delivery as own
        where own.subscription_id = :taker_id and own.edition_id = delivery.edition_id)
    and not exists (select 1 from subscription as taker cross join subscription as theirs
        where taker.id = :taker_id and theirs.subscriber_id = taker.subscriber_id
            and (select other.state from delivery as other
                where other.subscription_id = theirs.id and other.edition_id = delivery.edition_id) <> 'cancelled')
    and not exists (select 1 from had_issue
        where had_issue.edition_id = delivery.edition_id and had_issue.subscription_id = :taker_id)
    and not exists (select 1 from had_issue_elsewhere as had
        where had.edition_id = delivery.edition_id and had.subscription_id = :taker_id)
returning edition_id;

-- name: held_copies
-- The editions, of some, of which a subscription has a copy.
select edition_id from delivery where subscription_id = :taker_id and edition_id {in edition_ids};

-- name: hand_copies_back
-- Hand the unfinished copies of some editions back to the subscription that they came from.
update delivery set subscription_id = :giver_id, domain = :domain,
    destination = coalesce((select destination from destination_domain where domain = :domain), '')
where subscription_id = :taker_id and edition_id {in edition_ids} and state in ('queued', 'deferred', 'claimed', 'cancelled')
    and not exists (select 1 from delivery as own
        where own.subscription_id = :giver_id and own.edition_id = delivery.edition_id);
