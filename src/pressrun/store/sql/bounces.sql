-- name: copies
-- Copies of editions with their readers, and notices with their lists, that bounces may be about.
select delivery.id, delivery.state, delivery.edition_id, delivery.notice_id, delivery.domain, delivery.recorded_at,
    coalesce(subscriber.address, notice.address) as address, notice.kind as notice_kind, list.name as list_name,
    coalesce(subscription.subscriber_id, notice.subscriber_id) as subscriber_id
from delivery
left join notice on notice.id = delivery.notice_id
left join list on list.id = notice.list_id
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where delivery.id {in ids};

-- name: failed_copies
-- Copies of editions that failed, with their edition and, unless it is gone or suspended for bounces already, the reader.
select delivery.id, delivery.edition_id, delivery.domain, edition.list_id, edition.title,
    case when not exists (select 1 from suspension
        where suspension.subscriber_id = subscription.subscriber_id and suspension.ended_at is null)
        then subscription.subscriber_id end as subscriber_id
from delivery
join edition on edition.id = delivery.edition_id
left join subscription on subscription.id = delivery.subscription_id
where delivery.id {in ids};

-- name: keep_handover
-- Keep the reply of the relay before a notification replaces it.
insert into handover (delivery_id, at, code, enhanced, reply)
select id, recorded_at, code, enhanced, case when notice_id is null and subscription_id is null then null else reply end
from delivery
where id = :id and edition_id is not null and state = :state
on conflict (delivery_id) do update set at = excluded.at, code = excluded.code, enhanced = excluded.enhanced,
    reply = excluded.reply;

-- name: fail
-- Record that a copy has failed after all.
update delivery set state = 'failed', claimed_by = null, recorded_at = :now, code = :code, enhanced = :enhanced,
    kind = :kind, bounce = :bounce, reply = case when notice_id is null and subscription_id is null then null else :reply end
where id = :id and state = :state;

-- name: count_handovers
-- When the relay accepted the copies of an edition that bounced later.
select handover.at, count(*) as number
from delivery {indexed by delivery_queue}
cross join handover
where delivery.edition_id = :edition_id and delivery.state = 'failed' and handover.delivery_id = delivery.id and handover.code between 200 and 299
    and handover.at is not null
group by handover.at;

-- name: histories
-- What became of people's copies, newest first; those from before they last came back do not count. A welcome mail is
-- older than what its reader may have missed: that begins with the next edition.
select past.subscriber_id, past.state, past.bounce, past.recorded_at, past.edition_id
from (
    select subscription.subscriber_id, delivery.id, delivery.state, delivery.bounce, delivery.recorded_at,
        case when edition.is_welcome = 1
            then (select coalesce(max(other.id), 0) + 1 from edition as other
                where other.created_at < delivery.first_attempt_at)
            else edition.id end as edition_id,
        row_number() over (partition by subscription.subscriber_id order by delivery.id desc) as place
    from delivery {indexed by delivery_once}
    cross join subscription
    cross join edition
    left join suspension on suspension.subscriber_id = subscription.subscriber_id
    where delivery.subscription_id {in (select id from subscription where subscriber_id {in ids})}
        and subscription.id = delivery.subscription_id and edition.id = delivery.edition_id
        and delivery.state in ('delivered', 'failed')
        and delivery.first_attempt_at >= coalesce(suspension.ended_at, -1)) as past
where past.place <= :limit
order by past.subscriber_id, past.place;

-- name: suspend_subscriptions
-- Suspend the active subscriptions of people for bounces. Those that are suspended so already were imported by an earlier
-- version: no proof that mail arrives brings them back, so they must not look like the others from now on.
update subscription set suspended_for = case when state = 'active' then 'bounces' end,
    since = case when state = 'active' then :now else since end, state = 'suspended'
where subscriber_id {in ids} and ({+}state = 'active' or suspended_for = 'bounces')
returning list_id, subscriber_id, suspended_for;

-- name: waiting_copies
-- What waits for people, and for suppressed people who share a mailbox with one whose address is suppressed for bounces.
select id, edition_id, state from delivery {indexed by delivery_once}
where state in ('queued', 'deferred') and edition_id is not null and subscription_id {in (
    select subscription.id from subscription where subscription.subscriber_id {in ids}
    union
    select other.id from subscription as other where other.subscriber_id {in (
        select alike.id from subscriber as person
        cross join subscriber as alike
        where person.id {in suppressed} and substr(alike.suppression_digest, 1, 4) = substr(person.mailbox_digest, 1, 4)
            and alike.suppression_digest = person.mailbox_digest
            and exists (select 1 from suppression as own
                where own.digest = person.suppression_digest and own.reason = 'hard-bounce')
            and exists (select 1 from suppression as theirs where theirs.digest = alike.suppression_digest)
        union
        select alike.id from subscriber as alike
        where alike.mailbox_digest {in (
                select coalesce(person.mailbox_digest, person.suppression_digest) from subscriber as person
                where person.id {in suppressed} and exists (select 1 from suppression as own
                    where own.digest = person.suppression_digest and own.reason = 'hard-bounce'))}
            and exists (select 1 from suppression as theirs where theirs.digest = alike.suppression_digest))})}
order by id {lock};

-- name: suppress
-- Suppress the addresses of people for bounces, unless there is a stronger reason for the address or its mailbox.
insert into suppression (digest, address, reason, since)
select person.suppression_digest, person.address, 'hard-bounce', :now
from subscriber as person
where person.id {in ids}
    and not exists (select 1 from suppression as own
        where own.digest = person.suppression_digest and own.reason <> 'hard-bounce')
    and not exists (select 1 from suppression as whole
        where whole.digest = coalesce(person.mailbox_digest, person.suppression_digest) and whole.reason = 'never-again')
on conflict (digest) do update set address = excluded.address, since = excluded.since;

-- name: suspend
-- Suspend people for bounces, replacing earlier suspensions that have ended: pairs of the person and the first edition
-- that bounced. Returns who was not suspended, and whether their address is not suppressed yet, nor for a stronger reason.
insert into suspension (subscriber_id, since, first_edition_id)
select cast(new.value ->> 0 as bigint), :now, cast(new.value ->> 1 as bigint) from {each suspensions as new} where true
order by new.key
on conflict (subscriber_id) do update set since = excluded.since, first_edition_id = excluded.first_edition_id,
    probed_at = null, ended_at = null
where suspension.ended_at is not null
returning subscriber_id, exists (select 1 from subscriber as person where person.id = subscriber_id
    and not exists (select 1 from suppression as own where own.digest = person.suppression_digest)
    and not exists (select 1 from suppression as whole
        where whole.digest = coalesce(person.mailbox_digest, person.suppression_digest)
        and whole.reason = 'never-again')) as is_suppressible;

-- name: end_suspension
-- End the suspension of a person.
update suspension set ended_at = :now where subscriber_id = :subscriber_id and ended_at is null;

-- name: begin_history
-- Earlier bounces no longer count, whether or not they have suspended anybody.
insert into suspension (subscriber_id, since, first_edition_id, ended_at) values (:subscriber_id, :now, 0, :now)
on conflict (subscriber_id) do update set ended_at = excluded.ended_at;

-- name: is_suspended
-- Whether a person is suspended for bounces.
select exists (select 1 from suspension where subscriber_id = :subscriber_id and ended_at is null);

-- name: is_probe_due
-- Whether a reader was suspended long enough ago for a probe.
select exists (select 1 from suspension where probed_at is null and ended_at is null and since <= :before);

-- name: claim_probes
-- Take readers for their only probe, before it is queued.
update suspension set probed_at = :now
where probed_at is null and ended_at is null and subscriber_id {in (
    select subscriber_id from suspension where probed_at is null and ended_at is null and since <= :before
    order by since, subscriber_id limit :limit)}
returning subscriber_id, first_edition_id;

-- name: missed
-- Public editions that a person did not get since the first one that bounced, newest first.
select list.name as list_name, edition.slug, edition.title
from subscription
cross join list
cross join edition {indexed by edition_archive}
left join delivery on delivery.subscription_id = subscription.id and delivery.edition_id = edition.id
where subscription.subscriber_id = :subscriber_id and list.id = subscription.list_id
    and edition.list_id = list.id and edition.id >= :first_edition_id and subscription.suspended_for = 'bounces'
    and list.archive = 'public' and edition.first_claim_at is not null and edition.state <> 'cancelled'
    and (edition.canary_copies is null or edition.state = 'finished')
    and (delivery.id is null or delivery.state in ('failed', 'cancelled'))
order by edition.id desc limit :limit;

-- name: count_by_class
-- How many copies of an edition bounced, by class.
select bounce, count(*) as number from delivery
where edition_id = :edition_id and state = 'failed' and bounce is not null group by bounce
order by bounce;
