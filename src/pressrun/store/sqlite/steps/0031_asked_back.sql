-- Who changed to another language, and is asked to confirm the list of before once more, has had its issues still: anybody
-- can sign them up.
drop view had_issue;
create view had_issue as
select mine.id as edition_id, me.id as subscription_id
from edition as mine not indexed
cross join list as ours not indexed
cross join edition as other indexed by edition_by_issue
cross join list as theirs not indexed
cross join subscription as me not indexed
cross join subscription as former
cross join delivery as copy
where ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and former.subscriber_id = me.subscriber_id
    and (former.id = me.id or (former.state in ('unsubscribed', 'pending') and former.moved_to is not null))
    and copy.subscription_id = former.id and copy.edition_id = other.id
    and copy.state in ('queued', 'claimed', 'deferred', 'delivered');
