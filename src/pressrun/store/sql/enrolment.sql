-- name: standings
-- The known people with these addresses, and their subscription to a list.
select subscriber.address, subscriber.address_key, subscriber.id as subscriber_id, subscriber.name, subscriber.language,
    subscriber.attributes, coalesce(subscription.id, 0) as subscription_id, subscription.state,
    coalesce(subscription.source, '') as source, subscription.since,
    coalesce('unsubscribed' in (subscription.state, subscription.state_before), false) as has_left
from {each keys as entry}
join subscriber on subscriber.address_key = entry.value ->> 0
left join subscription on subscription.subscriber_id = subscriber.id and subscription.list_id = :list_id
order by subscriber.id {lock of subscriber};

-- name: members_of_source
-- The people on a list whom a source has brought in, in the order of their addresses, a page at a time. The cross join
-- fixes the order of the tables.
select subscriber.address_key
from subscriber
cross join subscription
where subscriber.address_key > :after and subscription.subscriber_id = subscriber.id
    and subscription.list_id = :list_id and subscription.source = :source and subscription.state <> 'unsubscribed'
order by subscriber.address_key limit :limit;

-- name: lock_subscriptions
-- Subscriptions that are about to end: nobody changes them meanwhile.
select id from subscription where id {in ids} order by id {lock};

-- name: suppressed
-- The places of suppressed addresses, of which each has 64 octets: the digests of the address and of its mailbox.
select cast(asked.value ->> 0 as integer) as place from {each places as asked}
where exists (select 1 from suppression
        where digest = substr(:octets, cast(asked.value ->> 0 as integer) * 64 + 1, 32))
    or exists (select 1 from suppression
        where digest = substr(:octets, cast(asked.value ->> 0 as integer) * 64 + 33, 32) and reason = 'never-again');

-- name: insert_subscribers
-- Store people.
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes,
    created_at)
{rows of new: id bigint, address text, address_key text, domain text, suppression_digest bytea, mailbox_digest bytea,
    name text, language text, attributes text, created_at bigint}
select id, address, address_key, domain, suppression_digest, nullif(mailbox_digest, suppression_digest), name, language,
    attributes, created_at
from new;

-- name: update_profiles
-- Write profiles back: arrays of id, name, language and attributes.
-- guards: subscriber
update subscriber set name = new.value ->> 1, language = new.value ->> 2, attributes = new.value ->> 3
from {each changes as new}
where subscriber.id = cast(new.value ->> 0 as bigint);

-- name: insert_subscriptions
-- Store subscriptions.
-- guards: list
insert into subscription (id, subscriber_id, state, since, list_id, source)
{rows of new: id bigint, subscriber_id bigint, state text, since bigint, list_id bigint, source text}
select * from new;

-- name: insert_confirmations
-- Store requests of new subscriptions: arrays of the subscription, the name and the language.
insert into confirmation (subscription_id, round, name, language, created_at, expires_at)
select cast(new.value ->> 0 as bigint), 0, new.value ->> 1, new.value ->> 2, :now, :expires_at
from {each requests as new}
returning id, subscription_id;

-- name: change_states
-- Activate subscriptions, or suspend them because a file says so: arrays of id, state before, state and since when. Whoever comes back
-- is still paused, or suspended for bounces.
-- guards: subscriber
update subscription set source = :source, since = cast(new.value ->> 3 as bigint),
    state = case when subscription.state = 'unsubscribed' and (subscription.paused_until is not null
            or exists (select 1 from suspension
                where suspension.subscriber_id = subscription.subscriber_id and suspension.ended_at is null))
        then 'suspended' else new.value ->> 2 end,
    state_before = case when new.value ->> 2 = 'active' then null else subscription.state_before end,
    suspended_for = case
        when new.value ->> 2 = 'suspended' then null
        when subscription.state = 'unsubscribed' and subscription.paused_until is not null then 'paused'
        when subscription.state = 'unsubscribed' and exists (select 1 from suspension
            where suspension.subscriber_id = subscription.subscriber_id and suspension.ended_at is null) then 'bounces'
        else subscription.suspended_for end
from {each changes as new}
where subscription.id = cast(new.value ->> 0 as bigint) and subscription.state = new.value ->> 1
returning subscription.id, subscription.list_id, subscription.subscriber_id, subscription.state, subscription.suspended_for;

-- name: export_page
-- The members of a list in one state with the evidence of their consent, a page at a time. A request that nobody has
-- confirmed is evidence only while the subscription is pending: anybody may have typed the address of a member.
select subscription.id, subscription.state, subscription.since, subscription.source,
    subscriber.address, subscriber.name, subscriber.language, subscriber.attributes,
    consent.content as consent, consent.ip as consent_ip, consent.at as consented_at
from subscription {indexed by subscription_by_list}
cross join subscriber
left join consent on consent.number = (select last.number from consent as last
    where last.subscriber_id = subscriber.id and last.list_id = subscription.list_id
    and (last.event in ('confirmed', 'added', 'imported', 'switched')
        or last.event = 'requested' and subscription.state = 'pending')
    order by last.number desc limit 1)
where subscription.list_id = :list_id and subscription.state = :state and subscription.id > :after
    and subscriber.id = subscription.subscriber_id
order by subscription.id limit :limit;

-- name: evidence_of
-- The evidence of the consent of people on a list, as above.
select subscription.subscriber_id, consent.content as consent, consent.ip as consent_ip, consent.at as consented_at
from subscription
left join consent on consent.number = (select last.number from consent as last
    where last.subscriber_id = subscription.subscriber_id and last.list_id = subscription.list_id
    and (last.event in ('confirmed', 'added', 'imported', 'switched')
        or last.event = 'requested' and subscription.state = 'pending')
    order by last.number desc limit 1)
where subscription.list_id = :list_id and subscription.subscriber_id {in people};

-- name: count_audience
-- How many readers would get an edition now.
select count(*)
from (select id from subscription {indexed by subscription_by_list} where list_id = :list_id and state = 'active') as member
cross join recipient
where recipient.subscription_id = member.id and recipient.may_be_mailed;

-- name: cancel_notices
-- Cancel the waiting notices of people.
update delivery set state = 'cancelled', recorded_at = :now
where notice_id in (select id from notice where subscriber_id {in people}) and state in ('queued', 'deferred');

-- name: columns
-- The imported columns of all subscribers of a list, in any state.
select distinct entry.key as name
from subscription {indexed by subscription_by_list}
cross join subscriber
cross join {keys of subscriber.attributes as entry}
where subscription.list_id = :list_id and subscriber.id = subscription.subscriber_id and subscriber.attributes <> '{}'
order by name;
