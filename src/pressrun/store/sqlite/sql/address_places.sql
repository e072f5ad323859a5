-- name: confirmation
-- Names and columns in requests that contain a character that every address contains.
select id, name, attributes from confirmation
where id > :after and (name glob :signs or attributes glob :signs) order by id limit :limit;

-- name: subscriber
-- Names and attributes of people, in batches, that contain a character that every address contains.
select id, name, attributes from subscriber
where id > :after and (name glob :signs or attributes glob :signs) order by id limit :limit;
