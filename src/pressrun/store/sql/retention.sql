-- name: aged
-- Editions whose copies are old enough, after an id, some at a time: they are over, and so are all editions of their issue,
-- since the rows say who has it. Not welcome mails, of which nobody gets a second one, whenever they come back.
select edition.id from edition {not indexed}
where edition.id > :after and edition.state in ('finished', 'cancelled') and edition.is_welcome = 0
    and edition.finished_at <= :before
    and exists (select 1 from delivery {indexed by delivery_queue}
        where delivery.edition_id = edition.id and delivery.state in ('cancelled', 'delivered', 'failed'))
    and not exists (select 1 from bulk_change where bulk_change.edition_id = edition.id)
    and not exists (select 1 from edition as other {indexed by edition_by_issue}
        where other.issue = edition.issue
            and (other.state not in ('finished', 'cancelled') or other.finished_at > :before))
order by edition.id limit 100;

-- name: page
-- Some copies of an edition that are over, and whether each may go. A bounce that counts against its reader stays until a
-- later copy was a success or the reader was suspended, and a success for as long as it ends an older bounce's streak.
select delivery.id, case
    when delivery.subscription_id is null then 1
    when delivery.bounce in ('gone', 'full', 'unreachable', 'other') then
        case when exists (select 1 from subscription as mine cross join suspension
                where mine.id = delivery.subscription_id and suspension.subscriber_id = mine.subscriber_id
                    and (suspension.ended_at is null or suspension.ended_at > delivery.first_attempt_at))
            or exists (select 1 from subscription as mine cross join subscription as ours
                    cross join delivery as later {indexed by delivery_once}
                where mine.id = delivery.subscription_id and ours.subscriber_id = mine.subscriber_id
                    and later.subscription_id = ours.id and later.edition_id is not null and later.id + 0 > delivery.id
                    and later.state = 'delivered' and later.recorded_at <= :recorded_before)
        then 1 else 0 end
    when delivery.state = 'delivered' then
        case when exists (select 1 from subscription as mine cross join subscription as ours
                cross join delivery as older {indexed by delivery_bounced}
            where mine.id = delivery.subscription_id and ours.subscriber_id = mine.subscriber_id
                and older.subscription_id = ours.id and older.bounce is not null
                and older.bounce in ('gone', 'full', 'unreachable', 'other') and older.id < delivery.id)
        then 0 else 1 end
    else 1 end as may_go
from delivery {indexed by delivery_queue}
where delivery.edition_id = :edition_id and delivery.state = :state
order by delivery.destination, delivery.due_at, delivery.id limit :limit offset :kept {lock of delivery};

-- name: mark
-- From here on an edition has not all of its copies any more.
update edition set copies_removed_at = :now where id = :edition_id and copies_removed_at is null;

-- name: keep_outcomes
-- What became of copies that are about to go.
insert into copy_outcome (edition_id, destination, state, kind, bounce, code, enhanced, at, number)
select edition_id, destination, state, coalesce(kind, ''), coalesce(bounce, ''), coalesce(code, 0), coalesce(enhanced, ''),
    coalesce(recorded_at, 0) / 3600 * 3600, count(*)
from delivery where id {in ids}
group by 1, 2, 3, 4, 5, 6, 7, 8
on conflict (edition_id, destination, state, kind, bounce, code, enhanced, at)
do update set number = copy_outcome.number + excluded.number;

-- name: remove
-- They go, and with them what the relay had said before they bounced.
delete from delivery where id {in ids} and state in ('cancelled', 'delivered', 'failed');

-- name: outcomes
-- What became of the copies of an edition whose rows are gone.
select destination, state, kind, bounce, code, enhanced, at, number from copy_outcome where edition_id = :edition_id
order by destination, state, kind, bounce, code, enhanced, at;

-- name: of_issue
-- The edition, or one of its issue in the family, that has not all of its copies any more.
select other.id
from edition as mine {not indexed} cross join edition as other {not indexed}
where mine.id = :edition_id and other.id = mine.id and other.copies_removed_at is not null
union all
select other.id
from edition as mine {not indexed}
cross join list as ours {not indexed}
cross join edition as other {indexed by edition_by_issue}
cross join list as theirs {not indexed}
where mine.id = :edition_id and ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family and other.copies_removed_at is not null
limit 1;
