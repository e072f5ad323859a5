-- A reader's copy of an edition is looked up as a single value: with a join, PostgreSQL without statistics would read all
-- copies of the edition for each reader.
drop view had_issue_elsewhere;
drop view had_issue;
create view had_issue as
select mine.id as edition_id, me.id as subscription_id
from edition as mine {not indexed}
cross join list as ours {not indexed}
cross join edition as other {indexed by edition_by_issue}
cross join list as theirs {not indexed}
cross join subscription as me {not indexed}
cross join subscription as former
where ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and former.subscriber_id = me.subscriber_id
    and (former.id = me.id or (former.state in ('unsubscribed', 'pending') and former.moved_to is not null))
    and (
        select copy.state in ('claimed', 'delivered') or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled')
        from delivery as copy where copy.subscription_id = former.id and copy.edition_id = other.id);

create view had_issue_elsewhere as
select mine.id as edition_id, me.id as subscription_id
from subscription as me {not indexed}
cross join subscription as own
cross join subscription as giver {indexed by subscription_by_target}
cross join edition as mine {not indexed}
cross join list as ours {not indexed}
cross join edition as other {indexed by edition_by_issue}
cross join list as theirs {not indexed}
where own.subscriber_id = me.subscriber_id
    and (own.id = me.id or (own.state in ('unsubscribed', 'pending') and own.moved_to is not null))
    and giver.moved_to = own.id and giver.subscriber_id <> own.subscriber_id
    and {+}giver.state in ('unsubscribed', 'pending')
    and ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and exists (
        with recursive trail (id) as (
            select giver.id
            union
            select former.id from trail cross join subscription as former {indexed by subscription_by_target}
            where former.moved_to = trail.id and {+}former.state in ('unsubscribed', 'pending'))
        select 1 from trail
        where (
            select copy.state in ('claimed', 'delivered')
                or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled')
            from delivery as copy where copy.subscription_id = trail.id and copy.edition_id = other.id));
