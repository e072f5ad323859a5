-- name: find
-- The edition that greets the new readers of a list.
select edition_id from welcome where list_id = :list_id;

-- name: all
-- The lists that have one.
select list.name from welcome join list on list.id = welcome.list_id order by list.name;

-- name: put
-- From now on this one does.
insert into welcome (list_id, edition_id) values (:list_id, :edition_id)
on conflict (list_id) do update set edition_id = excluded.edition_id;

-- name: remove
-- A list greets nobody any more.
delete from welcome where list_id = :list_id;

-- name: requeue_copy
-- A copy that was cancelled when its reader left goes out after all.
update delivery set state = 'queued', due_at = :now, settled_at = null
where subscription_id = :subscription_id and edition_id = :edition_id and state = 'cancelled' and settled_at = :left_at;

-- name: unfinished
-- The welcome mails of a list that still have copies to send, replaced ones included.
select id from edition where list_id = :list_id and is_welcome and state in ('sending', 'paused') order by id;

-- name: source
-- What a welcome mail was made of.
select edition.source_name, edition_content.source
from edition join edition_content on edition_content.edition_id = edition.id
where edition.id = :edition_id;

-- name: files
-- What it takes along.
select name, content from edition_asset where edition_id = :edition_id order by number;

-- name: is_unused
-- Whether nobody was ever to get a copy.
select not exists (select 1 from delivery where edition_id = :edition_id);

-- name: delete
-- Forget one of which there is no copy.
delete from edition where id = :edition_id;
