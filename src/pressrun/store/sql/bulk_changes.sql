-- name: insert
-- Store a change that one slice did not complete.
insert into bulk_change (kind, edition_id, created_at, done_through, last_id)
values (:kind, :edition_id, :created_at, :done_through, :last_id)
returning id;

-- name: move_on
-- Record how far it is.
update bulk_change set done_through = :done_through where id = :id;

-- name: delete
-- It is complete.
delete from bulk_change where id = :id;

-- name: delete_of_edition
-- Give up what goes on with an edition.
delete from bulk_change where edition_id = :edition_id;

-- name: oldest
-- The one that has waited the longest.
select * from bulk_change order by id limit 1 {lock};

-- name: of_edition
-- What goes on with an edition that its end waits for.
select id from bulk_change where edition_id = :edition_id and kind in ('audience', 'cancel') order by id limit 1;
