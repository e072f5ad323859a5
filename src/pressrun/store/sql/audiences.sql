-- name: queue_audience
-- One queued copy for each of some members of a list who may be mailed and have not had this issue in another language.
-- Who became a member after the start is left out, but not where the clock was ahead when they did.
-- guards: edition
insert into delivery (edition_id, subscription_id, domain, destination, state, due_at)
select :edition_id, recipient.subscription_id, recipient.domain, coalesce(destination_domain.destination, ''), 'queued', :started_at
from (
    select id from subscription {indexed by subscription_by_list}
    where list_id = :list_id and state = 'active' and id > :after and id <= :through
        and (since <= :started_at or since > :now)) as member
cross join recipient
left join destination_domain on destination_domain.domain = recipient.domain
where recipient.subscription_id = member.id and recipient.may_be_mailed
    and not exists (select 1 from had_issue
        where had_issue.edition_id = :edition_id and had_issue.subscription_id = recipient.subscription_id)
    and not exists (select 1 from had_issue_elsewhere as had
        where had.edition_id = :edition_id and had.subscription_id = recipient.subscription_id)
order by recipient.subscription_id
on conflict (subscription_id, edition_id) do nothing;

-- name: queue_early
-- The same for readers whose slice is still to come, and who were there at the start.
insert into delivery (edition_id, subscription_id, domain, destination, state, due_at)
select edition.id, recipient.subscription_id, recipient.domain, coalesce(destination_domain.destination, ''), 'queued', edition.started_at
from bulk_change as taking
cross join subscription as leaver
cross join edition
cross join recipient
left join destination_domain on destination_domain.domain = recipient.domain
where leaver.id {in ids} and taking.kind = 'audience' and leaver.id > taking.done_through and leaver.id <= taking.last_id
    and (leaver.since <= taking.created_at or leaver.since > :now) and edition.id = taking.edition_id and edition.list_id = leaver.list_id
    and recipient.subscription_id = leaver.id and recipient.may_be_mailed
    and not exists (select 1 from had_issue
        where had_issue.edition_id = edition.id and had_issue.subscription_id = recipient.subscription_id)
    and not exists (select 1 from had_issue_elsewhere as had
        where had.edition_id = edition.id and had.subscription_id = recipient.subscription_id)
on conflict (subscription_id, edition_id) do nothing
returning edition_id;

-- name: give_way
-- Delete the cancelled copies of a subscription where another one has a copy that may still go out, now or after a pause.
-- Copies that its own pause has stopped stay: they come back when it ends.
delete from delivery
where subscription_id = :taker_id and state = 'cancelled' and recorded_at < :own_since and edition_id in (
    select theirs.edition_id from delivery as theirs
    where theirs.subscription_id = :giver_id
        and (theirs.state in ('queued', 'deferred', 'claimed')
            or (theirs.state = 'cancelled' and theirs.recorded_at >= :stopped_since)))
returning edition_id;

-- name: make_way
-- Delete the cancelled copies of a subscription where an unfinished copy of the same edition will come from another one.
delete from delivery
where subscription_id = :subscription_id and state = 'cancelled' and edition_id {in edition_ids}
    and exists (select 1 from delivery as theirs
        where theirs.subscription_id = :coming_from and theirs.edition_id = delivery.edition_id
            and theirs.state in ('queued', 'deferred', 'claimed', 'cancelled'))
returning edition_id;

-- name: highest_id
-- The highest id so far.
select max(id) from delivery;

-- name: draw
-- Draw copies that were made just now for a canary, in the order of core.lifecycles.canary.place.
update delivery set due_at = :due_at
where id in (
    select id from delivery
    where id > :after and {+}edition_id = :edition_id and state = 'queued'
    order by ((((cast(:a as bigint) * (subscription_id % 2147483647) + :b) % 2147483647
        * (subscription_id % 2147483647) + :c) % 2147483647) * (subscription_id % 2147483647) + :d) % 2147483647, id
    limit :number);
