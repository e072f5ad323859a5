-- name: begin
-- A list is to be removed. Asked again, it goes on.
insert into list_removal (list_id, created_at) values (:list_id, :now) on conflict (list_id) do nothing;

-- name: is_going_on
-- Whether a list is being removed.
select 1 from list_removal where list_id = :list_id;

-- name: all
-- The lists that are being removed, in the order in which that was asked.
select list_id from list_removal order by created_at, list_id;

-- name: copies
-- Some copies of a list's editions, but for those that somebody holds.
select copy.id, copy.edition_id
from edition
cross join delivery as copy {indexed by delivery_queue}
where edition.list_id = :list_id and copy.edition_id = edition.id
    and copy.state in ('queued', 'deferred', 'cancelled', 'delivered', 'failed')
limit :limit {lock of copy};

-- name: delete_copies
-- They go.
delete from delivery where id {in ids} and state <> 'claimed';

-- name: next_events
-- How far the events reach that are looked at next, whichever list they are about.
select max(id) from (select id from event
    where id > (select events_through from list_removal where list_id = :list_id)
    order by id limit :limit) as next;

-- name: delete_events
-- Delete the events of a list among them.
delete from event
where id > (select events_through from list_removal where list_id = :list_id) and id <= :through and list_id = :list_id;

-- name: note_events
-- They have been looked at.
update list_removal set events_through = :through where list_id = :list_id;

-- name: forwards
-- Some mails of other people that are being forwarded by a list.
select id from notice {indexed by notice_by_list} where list_id = :list_id and kind = :kind limit :limit {lock};

-- name: detach_forwards
-- They no longer belong to the list, so they are not deleted with it.
update notice set list_id = null where id {in ids};

-- name: notices
-- Some other mails about a list, but for those that somebody holds.
select id from notice {indexed by notice_by_list}
where list_id = :list_id and kind <> :kind and not exists (select 1 from delivery {indexed by delivery_by_notice}
    where delivery.notice_id = notice.id and delivery.state = 'claimed')
limit :limit {lock};

-- name: delete_notices
-- They go.
delete from notice where id {in ids} and not exists (select 1 from delivery {indexed by delivery_by_notice}
    where delivery.notice_id = notice.id and delivery.state = 'claimed');

-- name: subscriptions
-- Some subscriptions of a list.
select id from subscription {indexed by subscription_by_list}
where list_id = :list_id order by state, id limit :limit {lock};

-- name: keep_readers
-- Keep whose they were.
insert into former_reader (subscription_id, subscriber_id, paused_until, removed_at)
select id, subscriber_id, paused_until, :now from subscription where id {in ids}
on conflict (subscription_id) do nothing;

-- name: sweep_readers
-- Forget it, a batch at a time.
delete from former_reader where subscription_id in
    (select subscription_id from former_reader where removed_at < :before limit 1000);

-- name: reader
-- Whose a subscription was that went with its list.
select subscriber_id from former_reader where subscription_id = :id;

-- name: delete_subscriptions
-- They go.
-- guards: list
delete from subscription where id {in ids};
