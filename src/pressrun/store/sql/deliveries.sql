-- name: queue_notice
-- One mail to one person.
insert into delivery (notice_id, domain, state, due_at) values (:notice_id, :domain, 'queued', :now)
returning id;

-- name: waiting_destinations
-- The destinations that copies of an edition wait for. Each step goes to the next one along the index, however many copies wait.
with recursive step (state, destination) as (
    select 'queued', (select min(first.destination) from delivery as first
        where first.edition_id = :edition_id and first.state = 'queued')
    union all
    select 'deferred', (select min(first.destination) from delivery as first
        where first.edition_id = :edition_id and first.state = 'deferred')
    union all
    select step.state, (select min(later.destination) from delivery as later
        where later.edition_id = :edition_id and later.state = step.state and later.destination > step.destination)
    from step where step.destination is not null)
select distinct destination from step where destination is not null order by destination;

-- name: ready_notices
-- Notices whose turn it is, with all that composing them needs. They are read one at a time, for as long as some may go.
select delivery.id, delivery.domain, delivery.attempts, delivery.first_attempt_at, notice.id as notice_id, notice.kind, notice.list_id,
    notice.subscriber_id, notice.address, notice.language, notice.payload, notice.content, notice.message_secret,
    notice.created_at, subscriber.epoch
from delivery {indexed by delivery_queue}
cross join notice
left join subscriber on subscriber.id = notice.subscriber_id
where delivery.edition_id is null and delivery.state = :state and delivery.destination = '' and delivery.due_at <= :now
    and notice.id = delivery.notice_id
order by delivery.due_at, delivery.id limit :limit {lock of delivery skip locked};

-- name: claim
-- The attempt is on record before any octet goes out, and so is the session that makes it.
update delivery set state = 'claimed', claimed_by = :session, attempts = attempts + 1,
    first_attempt_at = coalesce(first_attempt_at, :now)
where id {in ids} and state in ('queued', 'deferred');

-- name: cancel
-- What waits and may not go any more.
update delivery set state = 'cancelled', recorded_at = :now
where id {in ids} and state in ('queued', 'deferred');

-- name: fail
-- What waits, may not go, and must not be forgotten for it.
update delivery set state = 'failed', recorded_at = :now
where id {in ids} and state in ('queued', 'deferred');

-- name: deliver
-- Copies of a session that a relay took with the same answer but for its words: pairs of the copy's id and the words.
-- The class of a failure is not touched: nothing that is claimed has one. A remote's words may name its recipient, so
-- here and wherever else they are recorded, those about a copy whose reader is gone are not (a test finds every such place).
update delivery set state = 'delivered', claimed_by = null, due_at = :due_at, recorded_at = :now, relay = :relay,
    code = :code, enhanced = :enhanced,
    reply = case when notice_id is null and subscription_id is null then null else new.value ->> 1 end
from {each replies as new}
where delivery.id = cast(new.value ->> 0 as bigint) and delivery.claimed_by = :session;

-- name: record_results
-- What became of other copies of a session: arrays in the order of store.queue.deliveries.DeliveryResult.
update delivery set state = new.value ->> 1, claimed_by = null, due_at = cast(new.value ->> 2 as bigint),
    recorded_at = :now, relay = new.value ->> 3,
    code = cast(new.value ->> 4 as bigint), enhanced = new.value ->> 5, kind = new.value ->> 7, bounce = new.value ->> 8,
    reply = case when notice_id is null and subscription_id is null then null else new.value ->> 6 end
from {each results as new}
where delivery.id = cast(new.value ->> 0 as bigint) and delivery.claimed_by = :session;

-- name: withhold
-- Copies of a session that were deferred and wait for no retry, because their reader may not be mailed any more, or their
-- edition was cancelled meanwhile; arrays as above.
update delivery set state = 'cancelled', claimed_by = null, due_at = cast(new.value ->> 2 as bigint),
    recorded_at = :now, relay = new.value ->> 3, code = cast(new.value ->> 4 as bigint), enhanced = new.value ->> 5, kind = new.value ->> 7,
    reply = case when notice_id is null and subscription_id is null then null else new.value ->> 6 end
from {each results as new}
where delivery.id = cast(new.value ->> 0 as bigint) and delivery.claimed_by = :session and delivery.edition_id is not null and case
    when (select edition.state from edition where edition.id = delivery.edition_id) = 'cancelled' then 1
    when (select may_be_mailed from recipient where recipient.subscription_id = delivery.subscription_id) then 0
    else 1 end = 1;

-- name: release_barred
-- Claimed by a session, never handed over, and they may not go any more: their reader may not be mailed, or their
-- edition was cancelled.
update delivery set state = 'cancelled', claimed_by = null, attempts = attempts - 1,
    first_attempt_at = case when attempts > 1 then first_attempt_at end, due_at = :now, recorded_at = :now
where id {in ids} and claimed_by = :session and edition_id is not null and case
    when (select edition.state from edition where edition.id = delivery.edition_id) = 'cancelled' then 1
    when (select may_be_mailed from recipient where recipient.subscription_id = delivery.subscription_id) then 0
    else 1 end = 1
returning edition_id;

-- name: release
-- Claimed by a session, but never handed over: as if it had not been tried. A copy keeps its place among those of its
-- edition, as the canary has drawn it. A notice goes behind the others, since its relay alone may be what it waited for.
update delivery set state = 'queued', claimed_by = null, attempts = attempts - 1,
    first_attempt_at = case when attempts > 1 then first_attempt_at end,
    due_at = case when edition_id is null or due_at > :now then :now else due_at end
where id {in ids} and claimed_by = :session
returning edition_id;

-- name: orphaned_claims
-- Which claims sessions that are gone held of these copies; 0 stands for a program without sessions.
select id, attempts, first_attempt_at, coalesce(claimed_by, 0) as session, edition_id
from delivery
where id {in ids} and state = 'claimed' and first_attempt_at is not null
    and not exists (select 1 from session where session.id = delivery.claimed_by and session.state = 'live');

-- name: own_claims
-- The claims of a session that lives, of some copies.
select id, attempts, first_attempt_at, claimed_by as session, edition_id from delivery
where id {in ids} and state = 'claimed' and claimed_by = :session and first_attempt_at is not null;

-- name: unfinished
-- Where copies and notices stand that wait, or that sessions which are gone had claimed; a relay that has accepted one by a later
-- attempt knows more than we do.
select id, edition_id, state, attempts, coalesce(first_attempt_at, due_at) as since from delivery
where id {in ids} and (state in ('queued', 'deferred') or state = 'claimed'
    and not exists (select 1 from session where session.id = delivery.claimed_by and session.state = 'live'))
order by id {lock};

-- name: claim_again
-- As the claim that the database has forgotten left it.
update delivery set state = 'claimed', claimed_by = :session, attempts = :attempts, first_attempt_at = :first_attempt_at
where id = :id and state in ('queued', 'deferred', 'claimed');

-- name: adopt
-- Claimed by a session that is gone, and now ours: it is known what became of them.
update delivery set claimed_by = :session
where id {in ids} and state = 'claimed'
    and not exists (select 1 from session where session.id = delivery.claimed_by and session.state = 'live');

-- name: claimed
-- All that a session has claimed; finished editions have nothing that is.
select id from delivery {indexed by delivery_queue} where state = 'claimed' and claimed_by = :session
    and edition_id in (select id from edition where state in ('sending', 'paused', 'cancelled'))
union all
select id from delivery {indexed by delivery_queue}
where edition_id is null and state = 'claimed' and claimed_by = :session;

-- name: recover_barred
-- Claimed by a session that is gone, of an edition that was cancelled, or for readers who may not be mailed any more.
update delivery {indexed by delivery_queue} set state = 'cancelled', claimed_by = null, recorded_at = :now
where state = 'claimed' and edition_id in (select id from edition where state in ('sending', 'paused', 'cancelled'))
    and not exists (select 1 from session where session.id = delivery.claimed_by and session.state = 'live')
    and case
        when (select edition.state from edition where edition.id = delivery.edition_id) = 'cancelled' then 1
        when (select may_be_mailed from recipient where recipient.subscription_id = delivery.subscription_id) then 0
        else 1 end = 1
returning edition_id;

-- name: recover_copies
-- Claimed by a session that is gone: the same copy goes out again.
update delivery {indexed by delivery_queue} set state = 'queued', claimed_by = null
where state = 'claimed' and edition_id in (select id from edition where state in ('sending', 'paused'))
    and not exists (select 1 from session where session.id = delivery.claimed_by and session.state = 'live')
returning edition_id;

-- name: recover_notices
-- The same for notices: whether they may still go is looked at when they are claimed again.
update delivery {indexed by delivery_queue} set state = 'queued', claimed_by = null
where edition_id is null and state = 'claimed'
    and not exists (select 1 from session where session.id = delivery.claimed_by and session.state = 'live');

-- name: last_refusal
-- The words of one copy of an edition that failed for such a reason, and whom it was for.
select copy.reply, subscriber.address
from (select reply, subscription_id from delivery where edition_id = :edition_id and state = 'failed' and kind = :kind
    order by recorded_at desc, id desc limit 1) as copy
left join subscription on subscription.id = copy.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id;

-- name: is_unfinished
-- Whether a copy of an edition still has to go out or is on its way.
select exists (select 1 from delivery where edition_id = :edition_id and state in ('queued', 'claimed', 'deferred'));

-- name: is_in_flight
-- Whether a copy of an edition is claimed and has no answer yet.
select exists (select 1 from delivery where edition_id = :edition_id and state = 'claimed');

-- name: next_due
-- When the next waiting copy of an edition may go.
select min(due_at) from delivery where edition_id = :edition_id and state = :state and destination = :destination;

-- name: next_notice_due
-- When the next waiting notice may go.
select min(due_at) from delivery where edition_id is null and state = :state and destination = '';

-- name: cancel_waiting
-- What nobody has claimed yet does not go out; some at a time.
update delivery set state = 'cancelled', recorded_at = :now
where state = :state
    and id in (select id from delivery {indexed by delivery_queue} where edition_id = :edition_id and state = :state limit :limit);

-- name: waiting_of_subscriptions
-- What waits for these subscriptions.
select id, edition_id, state from delivery {indexed by delivery_once}
where subscription_id {in ids} and edition_id is not null and state in ('queued', 'deferred') order by id {lock};

-- name: latest_edition
-- The edition whose copy was delivered last for a subscription. An older draft may be sent later.
select edition_id from delivery {indexed by delivery_once}
where subscription_id = :subscription_id and edition_id is not null and state = 'delivered'
order by recorded_at desc, edition_id desc limit 1;

-- name: waiting_of_people
-- What waits for people on every list.
select id, edition_id, state from delivery
where subscription_id {in (select id from subscription where subscriber_id {in people})}
    and state in ('queued', 'deferred') order by id {lock};

-- name: failed_places
-- Some of the failed copies of an edition, in the order of the index of the queue.
select destination, due_at, id from delivery {indexed by delivery_queue}
where edition_id = :edition_id and state = 'failed'
    and (destination, due_at, id) > (:destination, cast(:due_at as bigint), cast(:id as bigint))
order by destination, due_at, id limit :limit;

-- name: failed
-- Those of some copies that have failed, and whether each may go out again: not to readers who may not be mailed, and
-- not to those who have had the issue in another language since, or at another address.
select delivery.id, delivery.kind, case
    when (select may_be_mailed from recipient where recipient.subscription_id = delivery.subscription_id)
        and not exists (select 1 from had_issue
            where had_issue.edition_id = delivery.edition_id and had_issue.subscription_id = delivery.subscription_id)
        and not exists (select 1 from had_issue_elsewhere as had
            where had.edition_id = delivery.edition_id and had.subscription_id = delivery.subscription_id)
    then 1 else 0 end as may_go
from delivery where delivery.id {in ids} and delivery.state = 'failed' {lock of delivery};

-- name: requeue_failed
-- Failed copies go out again, under the same Message-ID; the retries and the time until they are given up begin anew, and
-- they wait for the destination of where their reader is now.
update delivery set state = 'queued', due_at = :now, attempts = 0, first_attempt_at = null, recorded_at = null, relay = null,
    kind = null, code = null, enhanced = null, reply = null, bounce = null,
    (domain, destination) = (
        select recipient.domain, coalesce(destination_domain.destination, '')
        from recipient
        left join destination_domain on destination_domain.domain = recipient.domain
        where recipient.subscription_id = delivery.subscription_id)
where id {in ids} and state = 'failed';

-- name: forget_handovers
-- What was said of copies that go out again, before they bounced.
delete from handover where delivery_id {in ids};

-- name: count_by_domain
-- Where the copies of an edition stand, by the domain of the recipient.
select domain, state, count(*) as number from delivery where edition_id = :edition_id group by domain, state;

-- name: count_by_moment
-- When copies of an edition came to their end.
select state, recorded_at as at, count(*) as number from delivery
where edition_id = :edition_id and state in ('delivered', 'failed') and recorded_at is not null
group by state, recorded_at;

-- name: waiting_by_domain
-- What waits, by the domain of the recipient: of notices and of editions that are not over.
select waiting.domain, count(*) filter (where waiting.state = 'queued') as queued,
    count(*) filter (where waiting.state = 'claimed') as claimed,
    count(*) filter (where waiting.state = 'deferred') as deferred,
    min(case when waiting.state = 'deferred' then waiting.due_at end) as next_attempt,
    max(case when waiting.state = 'deferred' then waiting.reply end) as reason
from (
    select delivery.domain, delivery.state, delivery.due_at, delivery.reply
    from edition {indexed by edition_by_state} cross join delivery {indexed by delivery_queue}
    where edition.state in ('sending', 'paused') and delivery.edition_id = edition.id
        and delivery.state in ('queued', 'claimed', 'deferred')
    union all
    select delivery.domain, delivery.state, delivery.due_at, delivery.reply
    from delivery {indexed by delivery_queue}
    where delivery.edition_id is null and delivery.state in ('queued', 'claimed', 'deferred')) as waiting
group by waiting.domain order by count(*) desc, waiting.domain;

-- name: waiting_of_edition
-- What waits of one edition, by the domain of the recipient.
select domain, count(*) as number from delivery
where edition_id = :edition_id and state in ('queued', 'deferred') group by domain;

-- name: unended_editions
-- Editions whose copies may still go out.
select id from edition where state in ('sending', 'paused') order by id;

-- name: deferred_copies
-- The next deferred copies of an edition, from a place in their order on, that are not due at this very moment. One that has
-- failed again since then waits for its turn.
select id, destination, due_at from delivery {indexed by delivery_queue}
where edition_id = :edition_id and state = 'deferred' and (destination, due_at) >= (:destination, :due_at) and due_at <> :now
    and (recorded_at is null or recorded_at <= :now)
    and (cast(:domain as text) is null or domain = :domain)
order by destination, due_at limit :limit;

-- name: deferred_notices
-- The same for notices.
select id, destination, due_at from delivery {indexed by delivery_queue}
where edition_id is null and state = 'deferred' and (destination, due_at) >= (:destination, :due_at) and due_at <> :now
    and (recorded_at is null or recorded_at <= :now)
    and (cast(:domain as text) is null or domain = :domain)
order by destination, due_at limit :limit;

-- name: retry
-- Those of these that are still deferred are tried again now.
update delivery set due_at = :now where id {in ids} and state = 'deferred';

-- name: sweep_notices
-- Notices that came to their end some time ago.
delete from notice where id in (
    select delivery.notice_id from delivery {indexed by delivery_queue}
    where delivery.edition_id is null and delivery.state in ('delivered', 'failed', 'cancelled')
    and delivery.recorded_at <= :before limit 1000);
