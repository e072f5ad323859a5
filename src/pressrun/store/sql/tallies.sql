-- name: add
-- So many more in this second; fewer, when something was undone.
insert into edition_tally (edition_id, what, at, number)
select id, :what, :at, :number from edition where id = :edition_id
on conflict (edition_id, what, at) do update set number = number + excluded.number;

-- name: of_edition
-- All of an edition, in the order of time; what was undone is left out.
select what, at, number from edition_tally where edition_id = :edition_id and number > 0 order by what, at;
