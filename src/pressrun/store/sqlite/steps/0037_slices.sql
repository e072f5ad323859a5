-- Subscribers are found by their domain.
create index subscriber_by_domain on subscriber (domain, id);
-- Audiences are taken, and editions cancelled, a slice at a time.
create table bulk_change (
    id integer primary key autoincrement,
    kind text not null check (kind in ('audience', 'cancel')),
    edition_id integer not null references edition on delete cascade,
    asked_at integer not null,
    done_through integer not null,
    last_id integer not null
) strict;
create index bulk_change_by_edition on bulk_change (edition_id);
-- Copies of a cancelled edition may wait a moment longer; they will not be sent.
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
    and (copy.state in ('claimed', 'delivered') or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled'));
