-- name: insert
-- Somebody asks for something.
insert into errand (kind, list_id, address, name, language, ip, words, trust)
values (:kind, :list_id, :address, :name, :language, :ip, :words, :trust);

-- name: is_any
-- Whether a request waits.
select exists (select 1 from errand);

-- name: oldest
-- What waits to be carried out, in the order of asking.
select * from errand order by id limit 25;

-- name: delete
-- It is carried out.
delete from errand where id = :id;

-- name: forget
-- What was asked for an address that is erased.
delete from errand where lower(address) in (:typed, :address_key);
