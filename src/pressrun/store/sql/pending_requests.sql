-- name: insert
-- Somebody asks for something.
insert into errand (kind, list_id, address, name, language, ip, words, trust, also, words_language)
values (:kind, :list_id, :address, :name, :language, :ip, :words, :trust, :also, :words_language);

-- name: is_any
-- Whether a request waits.
select exists (select 1 from errand where set_aside_at is null);

-- name: oldest
-- What waits to be carried out, in the order of asking.
select * from errand where set_aside_at is null order by id limit 25;

-- name: get
-- One request.
select * from errand where id = :id;

-- name: set_aside
-- It cannot be carried out.
update errand set set_aside_at = :now where id = :id;

-- name: count_set_aside
-- How many cannot be carried out.
select count(*) from errand where set_aside_at is not null;

-- name: sweep
-- What could not be carried out long ago.
delete from errand where set_aside_at <= :before;

-- name: delete
-- It is carried out.
delete from errand where id = :id;
