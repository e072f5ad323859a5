-- name: insert
-- Keep the former state of subscriptions.
insert into unsubscribe (subscription_id, former, edition_id, language, left_at, expires_at)
{rows of new: subscription_id bigint, former text, edition_id bigint, language text, left_at bigint, expires_at bigint}
select * from new;

-- name: claim_notices
-- Take unsubscribes whose reader has not been notified yet, oldest first, before the mails to them are queued.
update unsubscribe set notice_queued = 1
where notice_queued = 0 and id {in (select id from unsubscribe where notice_queued = 0 order by id limit 25)} returning id;

-- name: delete
-- Delete unsubscribes that nobody is mailed about.
delete from unsubscribe where id {in ids};

-- name: forget_earlier
-- Delete earlier unsubscribes: only the last one can be undone, and only if a link caused it.
delete from unsubscribe where subscription_id {in ids};

-- name: get
-- One unsubscribe by id.
select * from unsubscribe where id = :id;

-- name: find
-- The only unsubscribe of a subscription that can still be undone.
select * from unsubscribe where subscription_id = :subscription_id and expires_at > :now;

-- name: void_requests
-- Requests of the present round go on in the one that is restored. Earlier ones belong to none, and so stay void.
update confirmation set round = case when round = :now_round then :restored else -1 end
where subscription_id = :subscription_id;

-- name: lock_editions
-- The editions of copies that are about to be queued again: nobody cancels or finishes them meanwhile.
select id from edition
where {+}state in ('sending', 'paused') and id in (
    select edition_id from delivery {indexed by delivery_once}
    where subscription_id = :subscription_id and state = 'cancelled' and recorded_at >= :left_at)
order by id {lock};

-- name: requeue_copies
-- Queue the copies again that an unsubscribe or a pause cancelled, of editions still being sent. Those in flight at that
-- moment were cancelled later. They wait for the destination of where their reader is now. An issue that was to come in two languages
-- comes in one, as the reader has chosen between them since, and nothing that they have at another address. Readers who
-- have been suppressed since get nothing.
update delivery set state = 'queued', due_at = :now, recorded_at = null,
    (domain, destination) = (
        select recipient.domain, coalesce(destination_domain.destination, '')
        from recipient
        left join destination_domain on destination_domain.domain = recipient.domain
        where recipient.subscription_id = delivery.subscription_id)
where subscription_id = :subscription_id and state = 'cancelled' and recorded_at >= :left_at
    and edition_id in (select id from edition where state in ('sending', 'paused'))
    and exists (select 1 from recipient
        where recipient.subscription_id = delivery.subscription_id and recipient.may_be_mailed)
    and not exists (select 1 from had_issue
        where had_issue.edition_id = delivery.edition_id and had_issue.subscription_id = delivery.subscription_id)
    and not exists (select 1 from had_issue_elsewhere as had
        where had.edition_id = delivery.edition_id and had.subscription_id = delivery.subscription_id)
    and not exists (
        with recursive trail (id) as (
            select mine.id from subscription as me cross join subscription as mine
            where me.id = :subscription_id and mine.subscriber_id = me.subscriber_id
            union
            select former.id from trail cross join subscription as former {indexed by subscription_by_target}
            where former.moved_to = trail.id and former.state in ('unsubscribed', 'pending'))
        select 1 from trail
        where (select copy.state from delivery as copy
                where copy.subscription_id = trail.id and copy.edition_id = delivery.edition_id)
            in ('queued', 'deferred', 'claimed', 'delivered'))
    and not exists (select 1
        from edition as mine {not indexed}
        cross join delivery as twin {indexed by delivery_once}
        cross join edition as other {not indexed}
        where mine.id = delivery.edition_id and twin.subscription_id = delivery.subscription_id
            and twin.state = 'cancelled' and twin.recorded_at >= :left_at and twin.id < delivery.id
            and other.id = twin.edition_id and other.issue = mine.issue and other.state in ('sending', 'paused'))
returning edition_id;

-- name: record_reason
-- Record that a reader gave a reason, for the first time.
update unsubscribe set has_given_reason = 1 where id = :id and has_given_reason = 0;

-- name: count_reason
-- Count a reader who gave this reason.
insert into leaving_reason (list_id, month, reason, number) values (:list_id, :month, :reason, 1)
on conflict (list_id, month, reason) do update set number = leaving_reason.number + 1;

-- name: reasons
-- The counted reasons of a list, newest month first.
select month, reason, number from leaving_reason where list_id = :list_id
order by month desc, number desc, reason;

-- name: sweep
-- Delete expired unsubscribes.
delete from unsubscribe where id in (select id from unsubscribe where expires_at <= :now limit 1000);

-- name: of_subscriber
-- The unsubscribes of a person that can still be undone.
select list.name as list_name, unsubscribe.left_at, unsubscribe.expires_at
from subscription cross join unsubscribe cross join list
where subscription.subscriber_id = :subscriber_id and unsubscribe.subscription_id = subscription.id
    and list.id = subscription.list_id
order by unsubscribe.id;

-- name: find_unsubscribers
-- The subscriptions among these that have not ended, or only because a sync removed the reader, as arrays in the order of
-- store.readers.unsubscribes.Unsubscriber.
select {arrays of ending.id, subscriber.id, list.id, ending.state, ending.suspended_for, ending.paused_until,
    ending.source, ending.since, ending.round, subscriber.address, list.name, list.language, cast(list.leaving_note = 1 and list.closed_at is null as integer)}
    as unsubscribers
from (select * from subscription where id {in ids} and (state <> 'unsubscribed' or source = 'sync')
    order by id {lock}) as ending
join subscriber on subscriber.id = ending.subscriber_id join list on list.id = ending.list_id;

-- name: notices
-- Claimed unsubscribes as arrays of store.readers.unsubscribes.PendingUnsubscribeNotice.
select {arrays of unsubscribe.id, recipient.subscriber_id, list.id, recipient.address,
    coalesce(nullif(recipient.language, ''), nullif(unsubscribe.language, ''), list.language), unsubscribe.expires_at,
    cast(recipient.state <> 'unsubscribed' or recipient.is_suppressed as integer)} as notices
from unsubscribe cross join recipient cross join list
where unsubscribe.id {in ids}
    and recipient.subscription_id = unsubscribe.subscription_id and list.id = recipient.list_id;
