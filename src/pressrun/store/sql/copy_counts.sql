-- name: add
-- How the numbers of an edition change.
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused, begun)
values (:edition_id, :queued, :claimed, :deferred, :delivered, :failed, :cancelled, :refused, :begun)
on conflict (edition_id) do update set
    queued = copy_count.queued + excluded.queued, claimed = copy_count.claimed + excluded.claimed,
    deferred = copy_count.deferred + excluded.deferred, delivered = copy_count.delivered + excluded.delivered,
    failed = copy_count.failed + excluded.failed, cancelled = copy_count.cancelled + excluded.cancelled,
    refused = copy_count.refused + excluded.refused, begun = copy_count.begun + excluded.begun;

-- name: set
-- What the rows of an edition say.
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused)
values (:edition_id, :queued, :claimed, :deferred, :delivered, :failed, :cancelled, :refused)
on conflict (edition_id) do update set
    queued = excluded.queued, claimed = excluded.claimed, deferred = excluded.deferred, delivered = excluded.delivered,
    failed = excluded.failed, cancelled = excluded.cancelled, refused = excluded.refused;

-- name: get
-- The numbers of an edition.
select * from copy_count where edition_id = :edition_id;

-- name: of_editions
-- The numbers of some editions.
select * from copy_count where edition_id {in ids};

-- name: live
-- How many copies are in each state, of editions that are not over; of welcome mails, which never are, those that wait.
select sum(queued) as queued, sum(claimed) as claimed, sum(deferred) as deferred,
    sum(case when edition.is_welcome = 0 then delivered else 0 end) as delivered,
    sum(case when edition.is_welcome = 0 then failed else 0 end) as failed,
    sum(case when edition.is_welcome = 0 then cancelled else 0 end) as cancelled
from edition {indexed by edition_by_state}
cross join copy_count
where edition.state in ('sending', 'paused') and copy_count.edition_id = edition.id;

-- name: editions
-- Editions with copies that are not over, or have not been for long, some at a time; not those with rows that are removed.
select edition.id as edition_id from edition
where edition.id > :after and edition.started_at is not null and edition.copies_removed_at is null
    and (edition.finished_at is null or edition.finished_at > :over_since)
order by edition.id limit 1000;

-- name: count
-- The rows of an edition by state. Only for the comparison: it reads all of them.
select state, count(*) as number from delivery {indexed by delivery_queue} where edition_id = :edition_id group by state;

-- name: count_refused
-- Those that their readers' servers refused for good.
select count(*) from delivery {indexed by delivery_queue}
where edition_id = :edition_id and state = 'failed' and kind in ('hard', 'policy', 'message');
