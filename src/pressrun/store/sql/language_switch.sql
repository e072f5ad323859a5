-- name: follow
-- Where subscriptions went that are over, as pairs of their id and that of the last one on the way. One that waits for
-- its proof once more is over as well: anybody may have asked for it.
with recursive trail (first, last) as (
    select asked.id, coalesce((select removed.moved_to from removed_subscription as removed where removed.id = asked.id), asked.id)
    from (select cast(entry.value ->> 0 as bigint) as id from {each ids as entry}) as asked
    union
    select trail.first, subscription.moved_to
    from trail cross join subscription
    where subscription.id = trail.last and subscription.state in ('unsubscribed', 'pending')
        and {+}subscription.moved_to is not null)
select first, last from trail cross join subscription
where subscription.id = last
    and (subscription.state not in ('unsubscribed', 'pending') or subscription.moved_to is null);

-- name: redirect_links
-- Make the links of an ended subscription lead to the one that it became.
update subscription set moved_to = :new_id where id = :old_id;

-- name: bypass
-- Make links to subscriptions that will be deleted lead to where those lead: some of them.
update subscription set moved_to = (select gone.moved_to from subscription as gone where gone.id = subscription.moved_to)
where id {in (select former.id
    from subscription as gone
    cross join subscription as former {indexed by subscription_by_target}
    where gone.id {in ids} and {+}gone.moved_to is not null and former.moved_to = gone.id
    limit :limit)};

-- name: bypass_for_removed
-- The same for links from lists that were deleted before.
update removed_subscription
set moved_to = (select gone.moved_to from subscription as gone where gone.id = removed_subscription.moved_to)
where id {in (select removed.id
    from subscription as gone
    cross join removed_subscription as removed
    where gone.id {in ids} and {+}gone.moved_to is not null and removed.moved_to = gone.id
    limit :limit)};

-- name: keep_redirects
-- Keep where subscriptions that will be deleted lead to.
insert into removed_subscription (id, moved_to)
select gone.id, gone.moved_to
from subscription as gone {not indexed} cross join subscription as taker
where gone.id {in ids} and gone.state in ('unsubscribed', 'pending') and taker.id = gone.moved_to
on conflict (id) do nothing;

-- name: move_copies
-- Give waiting and claimed copies, and those that a pause has stopped since a time, to another subscription of the reader,
-- except of issues that it has. Where the other one's pause began later, they count as stopped by it.
update delivery set subscription_id = :new_id,
    recorded_at = case when state = 'cancelled' and recorded_at < (select since from subscription where id = :new_id)
        then (select since from subscription where id = :new_id) else recorded_at end
where subscription_id = :old_id
    and (state in ('queued', 'deferred', 'claimed') or (state = 'cancelled' and recorded_at >= :stopped_since))
    and not exists (select 1 from had_issue
        where had_issue.edition_id = delivery.edition_id and had_issue.subscription_id = :new_id)
    and not exists (select 1 from had_issue_elsewhere as had
        where had.edition_id = delivery.edition_id and had.subscription_id = :new_id)
    and not exists (select 1 from delivery as copy
        where copy.subscription_id = :new_id and copy.edition_id = delivery.edition_id);

-- name: missed_editions
-- Editions that the new list has sent, of issues that the old list has yet to send.
select had.id
from edition as due
cross join edition as had
where due.list_id = :old_list_id and due.started_at is null and due.state in ('draft', 'scheduled', 'paused')
    and had.issue = due.issue and had.list_id = :new_list_id
    and had.started_at is not null and had.state in ('sending', 'paused', 'finished')
order by had.id;

-- name: give_copy
-- One reader gets an edition whose audience is taken already, if they may be mailed, have it in no language, and no copy
-- of it was made for them, under whichever subscription, or for a reader whose subscription became theirs.
insert into delivery (edition_id, subscription_id, domain, destination, state, due_at)
select :edition_id, recipient.subscription_id, recipient.domain, coalesce(destination_domain.destination, ''), 'queued', :now
from recipient
left join destination_domain on destination_domain.domain = recipient.domain
where recipient.subscription_id = :subscription_id and recipient.may_be_mailed
    and not exists (select 1 from had_issue
        where had_issue.edition_id = :edition_id and had_issue.subscription_id = recipient.subscription_id)
    and not exists (select 1 from had_issue_elsewhere as had
        where had.edition_id = :edition_id and had.subscription_id = recipient.subscription_id)
    and not exists (
        with recursive trail (id) as (
            select mine.id from subscription as mine where mine.subscriber_id = recipient.subscriber_id
            union
            select former.id from trail cross join subscription as former {indexed by subscription_by_target}
            where former.moved_to = trail.id and former.state in ('unsubscribed', 'pending'))
        select 1 from trail
        where (select copy.id from delivery as copy
            where copy.subscription_id = trail.id and copy.edition_id = :edition_id) is not null);
