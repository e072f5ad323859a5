-- name: insert
-- What a subscription was before it ended.
insert into leaving (subscription_id, former, edition_id, left_at, expires_at, language)
values (:subscription_id, :former, :edition_id, :left_at, :expires_at, :language);

-- name: to_note
-- Leavings whose reader is to be told, in their order.
select * from leaving where noted = 0 order by id limit 25;

-- name: note
-- The reader is told.
update leaving set noted = 1 where id = :id;

-- name: delete
-- Nobody is told, so nobody can undo it.
delete from leaving where id = :id;

-- name: forget_earlier
-- Only the last leaving can be undone.
delete from leaving where subscription_id = :subscription_id;

-- name: get
-- One leaving by id.
select * from leaving where id = :id;

-- name: requeue_copies
-- Copies that were cancelled with the leaving may go out after all, as long as their edition is being sent.
update delivery set state = 'queued', due_at = :now, settled_at = null
where subscription_id = :subscription_id and state = 'cancelled' and settled_at = :left_at
    and edition_id in (select id from edition where state in ('sending', 'paused'));

-- name: sweep
-- Leavings whose time is over.
delete from leaving where id in (select id from leaving where expires_at <= :now limit 1000);

-- name: of_subscriber
-- What a person left and could still undo.
select list.name as list_name, leaving.left_at, leaving.expires_at
from subscription join leaving on leaving.subscription_id = subscription.id join list on list.id = subscription.list_id
where subscription.subscriber_id = :subscriber_id order by leaving.id;
