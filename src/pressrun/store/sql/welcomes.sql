-- name: find
-- The welcome mail of a list.
select edition_id from welcome where list_id = :list_id;

-- name: all
-- The lists with a welcome mail.
select list.name from welcome join list on list.id = welcome.list_id order by list.name;

-- name: put
-- Make an edition the welcome mail of a list.
insert into welcome (list_id, edition_id) values (:list_id, :edition_id)
on conflict (list_id) do update set edition_id = excluded.edition_id;

-- name: remove
-- Leave a list without a welcome mail.
delete from welcome where list_id = :list_id;

-- name: requeue_copy
-- Queue a copy again that was cancelled when its reader left, or later where it was in flight then. It waits for the destination of
-- where they are now.
update delivery set state = 'queued', due_at = :now, recorded_at = null,
    (domain, destination) = (
        select recipient.domain, coalesce(destination_domain.destination, '')
        from recipient
        left join destination_domain on destination_domain.domain = recipient.domain
        where recipient.subscription_id = delivery.subscription_id)
where subscription_id = :subscription_id and edition_id = :edition_id and state = 'cancelled' and recorded_at >= :left_at;

-- name: unfinished
-- The welcome mails of a list that still have copies to send, replaced ones included.
select id from edition where list_id = :list_id and is_welcome = 1 and state in ('sending', 'paused') order by id;

-- name: is_unused
-- Whether a welcome mail has no copies and no list uses it.
select not exists (select 1 from delivery where edition_id = :edition_id);

-- name: delete
-- Delete a welcome mail without copies.
delete from edition where id = :edition_id;
